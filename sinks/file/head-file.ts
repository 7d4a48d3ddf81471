import { existsSync, readFileSync } from "node:fs";
import { type Head, headIn } from "./record.ts";

/** What a head file says; undefined if there is none. Throws if it was altered, or has another key. */
export function headBeside(file: string, key: string | undefined): Head | undefined {
  if (!existsSync(file)) return undefined;
  const head = headIn(readFileSync(file, "utf8"), key);
  if (!head)
    throw new Error(
      `${file} was altered, or was written with ${key === undefined ? "a key: give --key-file" : "another key"}`,
    );
  return head;
}
