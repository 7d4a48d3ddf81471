import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { instantOf } from "../../../src/json/date.ts";

/** A statement that only reads, as it goes to the thread. */
export interface Reading {
  readonly text: string;
  readonly parameters: readonly SQLInputValue[];
}

/** What a search fails with whose time is over. */
export const TOO_LONG = "the search took longer than it may";

/**
 * Gives a database what the dialect's statements ask of it. `within` says for how many milliseconds from now on `in_time()` lets
 * a search go on: it is asked for each row, because nothing else ends a statement of `node:sqlite`.
 */
export function openDatabase(database: DatabaseSync): { database: DatabaseSync; within: (ms: number) => void } {
  // `like` compares as `=` does, and what is folded is folded by ourselves.
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
