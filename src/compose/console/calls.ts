import { type Activity, callName } from "../../observe/activity.ts";
import type { Total } from "../../observe/series.ts";

/** The operations of connectors that are counted. */
export const OPERATIONS = ["search", "get", "create", "update", "delete", "resolve"];

/** The name of the breaker of a connector's listings. */
export const listingsOf = (connector: string): string => `${connector}, listings`;

/** A connector's calls of the last hour, of some operations or of all. */
export const callsOf = ({ calls }: Pick<Activity, "calls">, connector: string, operations = OPERATIONS): Total =>
  calls.total(
    "hour",
    Date.now(),
    operations.map((operation) => callName(connector, operation)),
  );
