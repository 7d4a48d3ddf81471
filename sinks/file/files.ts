import type * as fs from "node:fs";

/** The calls of the file system that the log makes: tests put failures in. */
export type Files = Pick<
  typeof fs,
  | "closeSync"
  | "fchmodSync"
  | "fdatasyncSync"
  | "fstatSync"
  | "ftruncateSync"
  | "openSync"
  | "readSync"
  | "renameSync"
  | "statSync"
  | "writeSync"
>;
