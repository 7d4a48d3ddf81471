import type { Connector, Finding } from "../../connector/connector.ts";
import { readFailure } from "../../connector/error.ts";
import type { ConnectorDetails, ConnectorRow, Found, Probed } from "../../console/api/connectors.ts";
import type { ConnectorHealth } from "../../console/api/overview.ts";
import type { ConnectorsDeps } from "../../console/pages/connectors.ts";
import { askConnector } from "../ask-connector.ts";
import { whereIs } from "../generation.ts";
import { SLOW_MS } from "../slow-calls.ts";
import { callsOf, listingsOf, OPERATIONS } from "./calls.ts";
import type { ConsoleSources } from "./sources.ts";

/** How long the answers of a backend are kept, in milliseconds: however often people ask, it is asked no more often. */
const PROBED_MS = 2000;
const CHECKED_MS = 20_000;
/** How long what was found is shown before somebody must look again, in milliseconds. */
const SHOWN_MS = 24 * 3_600_000;
const PROBE_MS = 5000;
const MAX_FINDINGS = 1000;

/** The health of each connector. */
export function healthOf({ current, shared: { reach, activity } }: ConsoleSources): ConnectorHealth[] {
  const { loaded, connectors } = current();
  return [...connectors.keys()].map((name) => {
    const { type, address } = whereIs(loaded, name);
    const reached = reach.of(name);
    const [change] = activity.breaker(name);
    const isOpen = change?.state === "open";
    const failures = [reached?.failure, activity.lastFailure(name)].filter((each) => each !== undefined);
    return {
      name,
      type,
      address,
      state: isOpen || reached?.isAway ? "away" : reached ? "up" : "unknown",
      since: reached && (reached.isAway ? reached.since : Math.max(reached.since, change?.at ?? 0)),
      failure: failures.toSorted((one, other) => other.at - one.at)[0],
      breaker: change?.state ?? "closed",
      listings: activity.breaker(listingsOf(name))[0]?.state ?? "closed",
    };
  });
}

/** What the pages on connectors ask of a running gateway. */
export function connectorsDeps(sources: ConsoleSources): ConnectorsDeps {
  const { current, shared } = sources;
  const { activity, slow } = shared;
  const opened = (name: string) => current().connectors.get(name)?.connector;

  const rows = (): ConnectorRow[] =>
    healthOf(sources).map((health) => {
      const { running, waiting, limits } = opened(health.name)!.occupancy;
      return {
        ...health,
        load: {
          running: running(),
          waiting: waiting(),
          maxRunning: limits.running,
          maxWaiting: limits.waiting,
        },
        calls: callsOf(activity, health.name),
      };
    });

  /** Records who had a backend asked. Nothing is changed there, so it is done even if it cannot be recorded now. */
  const recorded = <Answer extends Probed | Found>(event: string, ask: (asked: AskedOf) => Promise<Answer>) => {
    const { audit } = shared.services;
    return async (asked: AskedOf): Promise<Answer> => {
      const answer = await ask(asked);
      const { name: connector, by } = asked;
      await audit?.outcome({ event, by, connector, result: answer.isThere ? "ok" : "failed" });
      return answer;
    };
  };
  const probeNow = async ({ connector, name }: AskedOf): Promise<Probed> => {
    const start = performance.now();
    const answered = (isThere: boolean, says: string): Probed => ({
      at: Date.now(),
      ms: performance.now() - start,
      isThere,
      says,
    });
    try {
      const says = await connector.probe(AbortSignal.timeout(PROBE_MS));
      shared.reach.answered(name);
      return answered(true, says);
    } catch (error) {
      shared.reach.failed(whereIs(current().loaded, name), error);
      return answered(false, readFailure(error));
    }
  };
  const checkNow = async ({ connector, name }: AskedOf): Promise<Found> => {
    const start = performance.now();
    const { says, isThere, findings } = await askConnector(current().loaded, name, connector);
    const shown = findings.slice(0, MAX_FINDINGS).map((each) => ({ state: stateOf(each), text: each.text }));
    return { at: Date.now(), ms: performance.now() - start, isThere, says, findings: shown };
  };
  const probe = remembered(PROBED_MS, recorded("probed", probeNow));
  const check = remembered(CHECKED_MS, recorded("checked", checkNow));

  const one = async (name: string): Promise<ConnectorDetails | undefined> => {
    const row = rows().find((each) => each.name === name);
    const connector = opened(name);
    if (!row || !connector) return undefined;
    const { routes } = current().loaded;
    const changes = (isListings: boolean) =>
      activity.breaker(isListings ? listingsOf(name) : name).map((each) => ({ ...each, isListings }));
    const { pools, peers } = connector.observe?.() ?? { pools: [], peers: [] };
    return {
      ...row,
      kinds: [...connector.kinds].map(([kind, { key }]) => ({ name: kind, key })),
      usedBy: [...routes].flatMap(([route, types]) =>
        [...types].flatMap(([type, endpoint]) =>
          endpoint.connector === name ? [{ route, type, kind: endpoint.mapping.kind }] : [],
        ),
      ),
      pools,
      peers,
      operations: OPERATIONS.map((operation) => ({ operation, ...callsOf(activity, name, [operation]) })).filter(
        ({ count }) => count > 0,
      ),
      breakers: [...changes(false), ...changes(true)].toSorted((first, second) => second.at - first.at),
      slow: await slow.of(name, connector),
      slowMs: SLOW_MS,
      found: check.last(connector, SHOWN_MS),
    };
  };
  const ofExisting =
    <Answer>(ask: (asked: AskedOf) => Promise<Answer>) =>
    async (name: string, by: string) => {
      const connector = opened(name);
      return connector && ask({ connector, name, by });
    };
  return { all: rows, one, probe: ofExisting(probe.ask), check: ofExisting(check.ask) };
}

function stateOf({ ok, severity }: Finding): Found["findings"][number]["state"] {
  if (ok === true) return "ok";
  return ok === "unknown" ? "unknown" : severity === "warning" ? "slow" : "missing";
}

/** A connector that somebody asks. */
interface AskedOf {
  readonly connector: Connector;
  readonly name: string;
  readonly by: string;
}

/**
 * Asks once for all who ask at the same time, and for those who ask soon after. Answers belong to the connector that gave them: a reload
 * that opens another in its place begins with none.
 */
function remembered<Answer extends { readonly at: number }>(ms: number, ask: (asked: AskedOf) => Promise<Answer>) {
  const asking = new WeakMap<Connector, Promise<Answer>>();
  const answers = new WeakMap<Connector, Answer>();
  const last = (connector: Connector, within: number): Answer | undefined => {
    const known = answers.get(connector);
    return known && Date.now() - known.at < within ? known : undefined;
  };
  const answered = async (asked: AskedOf): Promise<Answer> => {
    try {
      const answer = await ask(asked);
      answers.set(asked.connector, answer);
      return answer;
    } finally {
      asking.delete(asked.connector);
    }
  };
  return {
    last,
    ask: async (asked: AskedOf): Promise<Answer> => {
      const { connector } = asked;
      const known = last(connector, ms);
      if (known) return known;
      const running = asking.get(connector) ?? answered(asked);
      asking.set(connector, running);
      return running;
    },
  };
}
