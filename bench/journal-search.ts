// npm run bench:journal-search: how long searches take in a journal of a million entries, in SQLite and in PostgreSQL.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesIn } from "../src/connector/kit/files.ts";
import { type JournalEntry, journalId } from "../src/journal/entry.ts";
import { rowOf } from "../src/journal/row.ts";
import type { JournalQuery } from "../src/journal/store.ts";
import { openJournalStore } from "../src/state/journal-store.ts";
import { startPostgres, stateIn } from "../test/servers/databases.ts";
import { uuid } from "./openldap.ts";

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const PEOPLE = 50_000;
const BATCH = 1000;
const ROUNDS = 7;
const START = Date.now() - 30 * 24 * 3_600_000;

function entry(n: number): JournalEntry {
  const at = START + n * 2000;
  const person = (n * 7919) % PEOPLE;
  const display = `person${person}@example.com`;
  const sentence = `Changed User ${display}: title.`;
  const common = { replica: "host", route: "/scim/v2", source: "192.0.2.10", type: "User", action: "patch" };
  const native = `dn: <the entry with entryUUID ${uuid(person)} under ou=people,dc=example,dc=test>\nchangetype: modify\nreplace: title\ntitle: [text]\n-`;
  return {
    ...common,
    id: journalId(at),
    at,
    caller: n % 100_000 === 5 ? "seldom" : "entra",
    requestId: randomUUID(),
    resource: uuid(person),
    display,
    status: n % 200 === 0 ? 409 : 200,
    result: n % 200 === 0 ? "failure" : "success",
    sentence,
    ms: 3.5,
    backendMs: 3.1,
    attributes: ["title"],
    request: { Operations: [{ op: "replace", path: "title", value: "[text]" }] },
    steps: [
      { step: "received", at: 0, text: "A request to patch a User." },
      { step: "asked", at: 0.2, ms: 3.1, text: "Changed user in directory.", native },
      { step: "answered", at: 3.5, text: `200: ${sentence}` },
    ],
  };
}

const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
const postgres = await startPostgres();
console.log("| store | question | ms, median | ms, most |\n| --- | --- | ---: | ---: |");
for (const [name, location] of [
  ["SQLite", { url: "sqlite:state.db" }],
  ["PostgreSQL", stateIn(postgres)],
] as const) {
  const store = openJournalStore(location, filesIn(folder));
  let some: JournalEntry | undefined;
  const begun = performance.now();
  for (let at = 0; at < ENTRIES; at += BATCH) {
    const entries = Array.from({ length: Math.min(BATCH, ENTRIES - at) }, (_, n) => entry(at + n));
    if (at >= ENTRIES / 3) some ??= entries[0]!;
    await store.append(entries.map(rowOf));
  }
  const written = performance.now() - begun;
  const questions: Record<string, Partial<JournalQuery>> = {
    "the newest": {},
    "a resource": { resource: some!.resource },
    "a request": { requestId: some!.requestId },
    failures: { result: "failure" },
    "a caller seldom seen": { caller: "seldom" },
    "part of a name": { search: some!.display.slice(3, 14) },
    "part of a name that nobody has": { search: "nobody-has-this" },
  };
  for (const [question, asked] of Object.entries(questions)) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const from = performance.now();
      await store.search({ ...asked, limit: 100 });
      times.push(performance.now() - from);
    }
    times.sort((one, other) => one - other);
    console.log(`| ${name} | ${question} | ${times[ROUNDS >> 1]!.toFixed(1)} | ${times.at(-1)!.toFixed(1)} |`);
  }
  console.log(`| ${name} | write one entry of a batch | ${(written / ENTRIES).toFixed(3)} | |`);
  await store.close();
}
await postgres.stop();
rmSync(folder, { recursive: true });
