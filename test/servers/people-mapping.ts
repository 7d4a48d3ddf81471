import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

/** How the people of test/servers/people-api.ts are read, as a kind of the rest connector. */
export const peopleReads = {
  key: "id",
  get: { path: "/people/{$key}" },
  search: {
    path: "/people",
    query: { limit: "$limit", offset: "$offset" },
    items: "items",
    total: "total",
    page: { by: "offset", size: 100 },
  },
};

/** Writes a small mapping for the people of test/servers/people-api.ts; gives its path. */
export function writeMapping(more: object = {}): string {
  const file = join(mkdtempSync(join(tmpdir(), "postern-people-")), "user.yaml");
  const attributes = { id: { attr: "id", readOnly: true }, userName: "login", title: "title", displayName: "note" };
  writeFileSync(file, stringify({ resource: "User", kind: "person", attributes, ...more }));
  return file;
}
