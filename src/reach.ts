import { ConnectorError, readFailure } from "./connector/error.ts";
import type { Log } from "./observe/log.ts";

/** A connector, and where its backend is. */
interface Where {
  readonly connector: string;
  readonly type: string;
  readonly address: string | undefined;
}

/** Tells in the log which connectors cannot be reached, and when they can be again: a line each time that it changes. */
export interface Reach {
  readonly failed: (where: Where, error: unknown) => void;
  readonly answered: (connector: string) => void;
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
  const away = new Set<string>();
  return {
    failed: (where, error) => {
      if (away.has(where.connector)) return;
      away.add(where.connector);
      const isAway = !(error instanceof ConnectorError) || (AWAY.includes(error.kind) && error.isAnswered !== true);
      const { message, next } = isAway ? UNREACHABLE : REFUSED;
      log.warn({ ...where, reason: readFailure(error), next }, message);
    },
    answered: (connector) => {
      if (away.delete(connector)) log.warn({ connector }, "connector can be reached again");
    },
  };
}
