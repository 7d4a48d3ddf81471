import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { peopleOf } from "../../src/compose/console/sync-people.ts";
import { filesIn } from "../../src/connector/kit/files.ts";
import { HELD, NAME, NO_PLAN, type Person } from "../../src/state/person.ts";
import { openState } from "../../src/state/state.ts";
import type { SyncStore } from "../../src/state/syncs.ts";
import { searchedBy } from "../../src/sync/person.ts";
import { startPostgres, stateIn } from "../servers/databases.ts";

const PEOPLE = 1_000_000;
const BATCH = 1000;
const ROUNDS = 5;
const GIVEN = "Ada Bob Cleo Dan Eve Finn Gus Hana Ivo Jana Kim Lea Max Nora Ole Pia".split(" ");

const keyOf = (n: number) => String(n).padStart(7, "0");

function received(n: number) {
  const [givenName, familyName, userName] = [GIVEN[n % 16]!, `Name${(n * 7919) % 50_000}`, `user${n}@example.com`];
  const emails = [{ value: userName, type: "work", primary: true }];
  const resource = { id: keyOf(n), userName, displayName: `${givenName} ${familyName}`, emails, title: "Engineer" };
  const name = { place: NAME, value: searchedBy(keyOf(n), resource) };
  return { key: keyOf(n), resource: JSON.stringify(resource), hash: `h${n}`, aliases: [name] };
}

/** One in a thousand failed, ten have a plan, and one of these is held: the last of all. */
function looked(n: number): Person {
  const { aliases: _, ...known } = received(n);
  const values = { userName: `user${n}@example.com`, displayName: "Somebody", title: "Engineer", active: true };
  const plan = { kind: "changes", reason: "its title changed", do: "update", changes: [] };
  const isPlanned = n >= PEOPLE - 10;
  const is = n === PEOPLE - 1 ? HELD.held : HELD.no;
  const planned = isPlanned ? { kind: "changes", planned: JSON.stringify(plan), held: is } : NO_PLAN;
  const memory = JSON.stringify({ applied: values, confirmed: values });
  const status = n % 1000 === 7 ? "failed" : "ok";
  return { ...known, target: `id-${n}`, seen: 1, twice: 0, missing: null, next: null, status, memory, ...planned };
}

async function fill(store: SyncStore): Promise<void> {
  for (let at = 0; at < PEOPLE; at += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, index) => at + index);
    await store.receive(1, batch.map(received));
    await store.saveLooked(batch.map(looked));
  }
}

const listing = { show: "all", after: "", limit: 50 };

/** What the page asks, and how many it is given. */
const QUESTIONS: Readonly<Record<string, readonly [(store: SyncStore) => Promise<number>, number]>> = {
  "counts by state": [async (store) => (await store.byStatus()).reduce((sum, { count }) => sum + count, 0), PEOPLE],
  "planned changes by kind": [async (store) => (await store.planned()).reduce((sum, { count }) => sum + count, 0), 10],
  "first page": [async (store) => (await peopleOf(store, listing)).people.length, 50],
  "next page": [async (store) => (await peopleOf(store, { ...listing, after: keyOf(PEOPLE / 2) })).people.length, 50],
  "last page": [async (store) => (await peopleOf(store, { ...listing, after: keyOf(PEOPLE - 21) })).people.length, 20],
  failed: [async (store) => (await peopleOf(store, { ...listing, show: "failed" })).people.length, 50],
  planned: [async (store) => (await peopleOf(store, { ...listing, show: "planned" })).people.length, 10],
  held: [async (store) => (await peopleOf(store, { ...listing, show: "held" })).people.length, 1],
  "a name that many have": [async (store) => (await peopleOf(store, { ...listing, find: "ada" })).people.length, 50],
  "one person's address": [
    async (store) => (await peopleOf(store, { ...listing, find: "user777777@" })).people.length,
    1,
  ],
  "a name that nobody has": [
    async (store) => (await peopleOf(store, { ...listing, find: "zaphod b" })).people.length,
    0,
  ],
  "an account": [async (store) => ((await store.byTarget("id-777777")) ? 1 : 0), 1],
};

test.each(["SQLite", "PostgreSQL"])(
  "%s answers what the page of a sync asks about a million people",
  async (name) => {
    const folder = mkdtempSync(join(tmpdir(), "postern-million-"));
    const server = name === "PostgreSQL" ? await startPostgres() : undefined;
    const state = openState(server ? stateIn(server) : { url: "sqlite:state.db" }, filesIn(folder));
    try {
      const store = state.syncs.of("people");
      await fill(store);
      // A server does so by itself, sooner or later.
      server?.run("vacuum analyze");
      for (const [question, [ask, count]] of Object.entries(QUESTIONS)) {
        const times: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const begun = performance.now();
          expect(await ask(store), question).toBe(count);
          times.push(performance.now() - begun);
        }
        times.sort((one, other) => one - other);
        console.log(
          `| ${name} | ${question} | ${times[0]!.toFixed(1)} | ${times[ROUNDS >> 1]!.toFixed(1)} | ${times.at(-1)!.toFixed(1)} |`,
        );
      }
    } finally {
      await state.close();
      await server?.stop();
      rmSync(folder, { recursive: true });
    }
  },
  3_600_000,
);
