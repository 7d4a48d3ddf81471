import { expect, test } from "vitest";
import type { JournalLine, JournalQuery } from "../../journal/store.ts";
import { auditNames } from "./audit-names.ts";

type Line = Pick<JournalLine, "id" | "resource" | "display">;

/** Names from a journal with these entries, newest first. */
const namesIn = (lines: readonly Line[]) => {
  const search = async ({ search: text = "", before, limit }: JournalQuery) => {
    const from = before === undefined ? 0 : lines.findIndex(({ id }) => id === before) + 1;
    const found = lines.slice(from).filter(({ display }) => display.includes(text));
    return found.slice(0, limit) as JournalLine[];
  };
  const shared = { services: { journal: { store: { search } } } };
  return auditNames({ shared, syncs: { admin: { names: () => [] } } } as never);
};
/** Entries about somebody, so many. */
const about = (display: string, count: number): Line[] =>
  Array.from({ length: count }, (_, n) => ({ id: `${display}-${n}`, resource: `id of ${display}`, display }));
const keyOf = ({ key }: { readonly key: string }) => key;

test("whoever was seldom changed is meant by a name, too, behind somebody of much the same who often was", async () => {
  const { people, hasMore } = await namesIn([...about("joanna.ng", 2500), ...about("ann.lee", 1)]).meant("ann");
  expect([people.map(keyOf), hasMore]).toEqual([["id of joanna.ng", "id of ann.lee"], false]);
});

test("a name that means more people than can be looked for says so", async () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => about(`ann ${n}`, 100)).flat();
  expect(await namesIn(many(20)).meant("ann")).toMatchObject({ people: { length: 20 }, hasMore: false });
  expect(await namesIn(many(21)).meant("ann")).toMatchObject({ people: { length: 20 }, hasMore: true });
});

test("a journal that is too long to be searched whole, or is away, may know more", async () => {
  const long = await namesIn([...about("joanna.ng", 20_001), ...about("ann.lee", 1)]).meant("ann");
  expect([long.people.map(keyOf), long.hasMore]).toEqual([["id of joanna.ng"], true]);
  const away = { store: { search: () => Promise.reject(new Error("away")) } };
  const names = auditNames({ shared: { services: { journal: away } }, syncs: { admin: { names: () => [] } } } as never);
  expect(await names.meant("ann")).toEqual({ people: [], hasMore: true });
});
