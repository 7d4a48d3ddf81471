import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

/** Writes a small mapping for the people of test/servers/people-api.ts; gives its path. */
export function writeMapping(more: object = {}): string {
  const file = join(mkdtempSync(join(tmpdir(), "postern-people-")), "user.yaml");
  const attributes = { id: { attr: "id", readOnly: true }, userName: "login", title: "title", displayName: "note" };
  writeFileSync(file, stringify({ resource: "User", kind: "person", attributes, ...more }));
  return file;
}
