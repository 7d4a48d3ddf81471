import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { instantOf } from "../../../src/json/date.ts";

/** A read-only statement for the thread. */
export interface Reading {
  readonly text: string;
  readonly parameters: readonly SQLInputValue[];
}

/** The message of a search that exceeded its time limit. */
export const TOO_LONG = "the search exceeded its time limit";

/**
 * Adds the functions that the dialect's statements use to a database. `within` sets for how many milliseconds `in_time()` lets a search
 * continue. It is evaluated for each row, because `node:sqlite` cannot interrupt a statement.
 */
export function openDatabase(database: DatabaseSync): { database: DatabaseSync; within: (ms: number) => void } {
  // `like` must be case-sensitive like `=`; text is folded explicitly.
  database.exec("pragma foreign_keys = on; pragma case_sensitive_like = on");
  database.function("fold", { deterministic: true, useBigIntArguments: true }, (value) =>
    typeof value === "string" ? value.toLowerCase() : value,
  );
  database.function("instant", { deterministic: true }, (value) =>
    typeof value === "string" ? (instantOf(value)?.getTime() ?? null) : null,
  );
  let deadline = 0;
  database.function("in_time", () => {
    if (performance.now() > deadline) throw new Error(TOO_LONG);
    return 1;
  });
  return {
    database,
    within: (ms) => {
      deadline = performance.now() + ms;
    },
  };
}
