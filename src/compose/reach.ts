import { ConnectorError, readFailure } from "../connector/error.ts";
import type { Log } from "../observe/log.ts";

/** A connector, and where its backend is. */
interface Where {
  readonly connector: string;
  readonly type: string;
  readonly address: string | undefined;
}

/** Whether a connector can be reached, as far as this process knows. */
export interface Reached {
  readonly isAway: boolean;
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
  /** The last failure to reach it, in words. */
  readonly failure: { readonly at: number; readonly reason: string } | undefined;
}

/** Tells in the log which connectors cannot be reached, and when they can be again: a line each time that it changes. */
export interface Reach {
  readonly failed: (where: Where, error: unknown) => void;
  readonly answered: (connector: string) => void;
  /** Undefined for a connector that has not been asked yet. */
  readonly of: (connector: string) => Reached | undefined;
}

/** Failures of a backend that does not answer; any other is its answer. */
const AWAY: readonly string[] = ["unavailable", "timeout", "busy"];

const UNREACHABLE = {
  message: "connector cannot be reached",
  next: "check the address, the network, and that the system is running; requests fail until it answers",
};
const REFUSED = {
  message: "connector is refused by its system",
  next: "postern check --connect tells what is missing; requests fail until then",
};

/** Begins with every connector taken for reachable. */
export function createReach(log: Pick<Log, "warn">): Reach {
  const known = new Map<string, Reached>();
  return {
    failed: (where, error) => {
      const before = known.get(where.connector);
      const reason = readFailure(error);
      const failure = { at: Date.now(), reason };
      known.set(where.connector, { isAway: true, since: before?.isAway ? before.since : failure.at, failure });
      if (before?.isAway) return;
      const isAway = !(error instanceof ConnectorError) || (AWAY.includes(error.kind) && error.isAnswered !== true);
      const { message, next } = isAway ? UNREACHABLE : REFUSED;
      log.warn({ ...where, reason, next }, message);
    },
    answered: (connector) => {
      const before = known.get(connector);
      if (before?.isAway === false) return;
      known.set(connector, { isAway: false, since: Date.now(), failure: before?.failure });
      if (before) log.warn({ connector }, "connector can be reached again");
    },
    of: (connector) => known.get(connector),
  };
}
