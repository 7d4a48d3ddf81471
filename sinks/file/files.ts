import type * as fs from "node:fs";

/** The file system calls that the log uses. Tests inject failures. */
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
