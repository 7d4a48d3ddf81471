import { ConnectorError } from "./connector/error.ts";
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
const AWAY: readonly string[] = ["unavailable", "timeout"];

const UNREACHABLE =
  "connector cannot be reached: requests to it fail until it answers. Check the address, the network, and that the system is running; postern check --connect tells more";
const REFUSED =
  "connector does not serve: the system answers, but refuses what the gateway needs. postern check --connect tells what is missing";

/** Begins with every connector taken for reachable. */
export function createReach(log: Pick<Log, "warn">): Reach {
  const away = new Set<string>();
  return {
    failed: (where, error) => {
      if (away.has(where.connector)) return;
      away.add(where.connector);
      const isAway = !(error instanceof ConnectorError) || (AWAY.includes(error.kind) && error.isAnswered !== true);
      log.warn({ ...where, reason: (error as Error).message }, isAway ? UNREACHABLE : REFUSED);
    },
    answered: (connector) => {
      if (away.delete(connector)) log.warn({ connector }, "connector can be reached again");
    },
  };
}
