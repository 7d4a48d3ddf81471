import type { Finding } from "../../connector/connector.ts";
import { readFailure } from "../../connector/error.ts";
import type { ConnectorDetails, ConnectorRow, Found, Probed } from "../../console/api/connectors.ts";
import type { ConnectorHealth } from "../../console/api/overview.ts";
import type { ConnectorSources } from "../../console/pages/connectors.ts";
import { callName } from "../../observe/activity.ts";
import { askConnector } from "../ask-connector.ts";
import { whereIs } from "../generation.ts";
import { SLOW_MS } from "../slow-calls.ts";
import { listingsOf } from "./attention.ts";
import type { ConsoleSources } from "./sources.ts";

/** How long the answers of a backend are kept, in milliseconds: however often people ask, it is asked no more often. */
const PROBED_MS = 2000;
const CHECKED_MS = 20_000;
/** How long what was found is shown before somebody must look again, in milliseconds. */
const SHOWN_MS = 24 * 3_600_000;
const PROBE_MS = 5000;
const MAX_FINDINGS = 1000;
const OPERATIONS = ["search", "get", "create", "update", "delete", "resolve"];

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

/** What the pages on connectors show of a running gateway. */
export function connectorSources(sources: ConsoleSources): ConnectorSources {
  const { current, shared } = sources;
  const { activity, slow } = shared;
  const opened = (name: string) => current().connectors.get(name)?.connector;
  const totalOf = (name: string, operation: string) =>
    activity.calls.total("hour", Date.now(), [callName(name, operation)]);

  const rows = (): ConnectorRow[] =>
    healthOf(sources).map((health) => {
      const { running, waiting, limits } = opened(health.name)!.occupancy;
      const names = OPERATIONS.map((operation) => callName(health.name, operation));
      return {
        ...health,
        load: {
          running: running(),
          waiting: waiting(),
          maxRunning: limits.running,
          maxWaiting: limits.waiting,
        },
        calls: activity.calls.total("hour", Date.now(), names),
      };
    });

  /** Records who had a backend asked. Nothing is changed there, so it is done even if it cannot be recorded now. */
  const recorded = <Answer extends Probed | Found>(event: string, ask: (name: string) => Promise<Answer>) => {
    const { audit } = shared.services;
    return async (connector: string, by: string): Promise<Answer> => {
      const answer = await ask(connector);
      await audit?.outcome({ event, by, connector, result: answer.isThere ? "ok" : "failed" });
      return answer;
    };
  };
  const probeNow = async (name: string): Promise<Probed> => {
    const start = performance.now();
    const answered = (isThere: boolean, says: string): Probed => ({
      at: Date.now(),
      ms: performance.now() - start,
      isThere,
      says,
    });
    try {
      const says = await opened(name)!.probe(AbortSignal.timeout(PROBE_MS));
      shared.reach.answered(name);
      return answered(true, says);
    } catch (error) {
      shared.reach.failed(whereIs(current().loaded, name), error);
      return answered(false, readFailure(error));
    }
  };
  const checkNow = async (name: string): Promise<Found> => {
    const start = performance.now();
    const { says, isThere, findings } = await askConnector(current().loaded, name, opened(name)!);
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
    return {
      ...row,
      kinds: [...connector.kinds].map(([kind, { key }]) => ({ name: kind, key })),
      usedBy: [...routes].flatMap(([route, types]) =>
        [...types].flatMap(([type, endpoint]) =>
          endpoint.connector === name ? [{ route, type, kind: endpoint.mapping.kind }] : [],
        ),
      ),
      operations: OPERATIONS.map((operation) => ({ operation, ...totalOf(name, operation) })).filter(
        ({ count }) => count > 0,
      ),
      breakers: [...changes(false), ...changes(true)].toSorted((first, second) => second.at - first.at),
      slow: await slow.of(name, connector),
      slowMs: SLOW_MS,
      found: check.last(name, SHOWN_MS),
    };
  };
  const existing =
    <Answer>(ask: (name: string, by: string) => Promise<Answer>) =>
    async (name: string, by: string) =>
      opened(name) ? ask(name, by) : undefined;
  return { all: rows, one, probe: existing(probe.ask), check: existing(check.ask) };
}

function stateOf({ ok, severity }: Finding): Found["findings"][number]["state"] {
  if (ok === true) return "ok";
  return ok === "unknown" ? "unknown" : severity === "warning" ? "slow" : "missing";
}

/** Asks once for all who ask at the same time, and for those who ask soon after. */
function remembered<Answer extends { readonly at: number }>(
  ms: number,
  ask: (name: string, by: string) => Promise<Answer>,
) {
  const asking = new Map<string, Promise<Answer>>();
  const last = new Map<string, Answer>();
  const recent = (name: string, within: number): Answer | undefined => {
    const known = last.get(name);
    return known && Date.now() - known.at < within ? known : undefined;
  };
  return {
    last: recent,
    ask: async (name: string, by: string): Promise<Answer> => {
      const known = recent(name, ms);
      if (known) return known;
      const running =
        asking.get(name) ??
        ask(name, by)
          .then((answer) => {
            last.set(name, answer);
            return answer;
          })
          .finally(() => asking.delete(name));
      asking.set(name, running);
      return running;
    },
  };
}
