import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Edit } from "../directory.ts";
import { CULTURES } from "./cultures.ts";
import { KINDS } from "./edits.ts";
import { GROUP_QUIRKS } from "./groups.ts";
import { QUIRKS } from "./quirks.ts";
import { readEdits } from "./read.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/simulator-input.md"), "utf8");
const listed = [...page.matchAll(/^- (?!\*\*)(.+)$/gm)].map(([, text]) => text);
const examples = [...page.matchAll(/^```\w+ \[(\S+)\]\n([\s\S]*?)^```$/gm)].map(
  ([, name, text]) => [name!, text!] as const,
);

test("docs/reference/simulator-input.md lists what is drawn, in its order", () => {
  const drawn = [...QUIRKS.map(({ what }) => what), ...GROUP_QUIRKS.values(), ...KINDS.map(({ what }) => what)];
  expect(listed).toEqual(drawn);
  expect(page).toContain(`${CULTURES.length} parts of the world`);
});

test("the examples of docs/reference/simulator-input.md can be read, and nothing in them is remarked on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-simulator-input-"));
  const read = new Map<string, readonly Edit[]>();
  try {
    for (const [name, text] of examples) {
      const file = join(folder, name);
      writeFileSync(file, text);
      const edits: Edit[] = [];
      const note = (sentence: string) => expect.fail(sentence);
      for await (const edit of readEdits(file, name.startsWith("group") ? "Group" : "User", { note })) edits.push(edit);
      read.set(name, edits);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const [ada, bob, eve] = read.get("people.csv")!;
  expect(bob?.attributes).toMatchObject({ displayName: "Example, Bob", manager: ada?.objectId, mail: null });
  expect(eve?.assigned).toBe(false);
  expect(read.get("people.json")?.[1]?.attributes?.manager).toBe(ada?.objectId);
  expect(read.get("groups.csv")?.[0]?.members?.add).toEqual([ada?.objectId, bob?.objectId]);
  expect(read.get("changes.csv")?.[0]?.attributes).toEqual({ displayName: "Ada B. Example", department: null });
  expect(read.get("changes.jsonl")?.map(({ purged }) => purged)).toEqual([undefined, undefined, true]);
  expect(read.get("group-changes.csv")?.[0]?.members).toEqual({ add: [eve?.objectId], remove: [ada?.objectId] });
});
