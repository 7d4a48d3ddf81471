import { randomUUID } from "node:crypto";
import { z } from "zod";
import {
  type BackendOperation,
  type Connector,
  defineConnector,
  type Entry,
  fromValues,
  valuesOf,
} from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import { behindPosition, positionIn } from "../../src/connector/paging.ts";
import { applyChanges, checkExpected, comparePositions, matches, positionOf } from "../../src/connector/reference.ts";
import { init } from "./init.ts";

const kind = z.strictObject({
  key: z.string().default("id").describe("Attribute that holds the key. The connector generates a UUID for it."),
  unique: z.array(z.string()).default([]).describe("Attributes whose values must be unique."),
});

const config = z.strictObject({
  kinds: z.record(z.string(), kind).describe("The kinds of entries, under names that mappings use."),
});

/** Entries in memory: the reference semantics as a connector, for tests and examples. */
export default defineConnector({
  type: "memory",
  summary: "Entries in memory, lost when the process ends. For tests and for trying out mappings.",
  config,
  example: `type: memory
kinds:
  person: { key: id, unique: [login] }
  team: { unique: [name] }
`,
  init: { example: "postern init memory --out trial", options: [], run: init },
  open: (settings): Connector => {
    const stores = new Map(Object.keys(settings.kinds).map((name) => [name, new Map<string, Entry>()]));
    const storeOf = (name: string) => stores.get(name)!;
    const present = (name: string, key: string): Entry => {
      const entry = storeOf(name).get(key);
      if (!entry) throw entryNotFound(name, key);
      return entry;
    };
    const checkUnique = (name: string, key: string, entry: Entry) => {
      for (const attr of settings.kinds[name]!.unique) {
        for (const value of valuesOf(entry, attr)) {
          const taken = { op: "eq", attr, value: value as string } as const;
          for (const [other, stored] of storeOf(name)) {
            if (other !== key && matches(stored, taken)) {
              throw new ConnectorError("conflict", `A ${name} with this ${attr} already exists.`, { attr });
            }
          }
        }
      }
    };

    return {
      kinds: new Map(Object.entries(settings.kinds).map(([name, { key }]) => [name, { key }])),
      supports: () => "exact",
      sorts: () => true,
      search: async ({ kind, where, attrs, offset = 0, orderBy, bookmark, limit, count }) => {
        const { key } = settings.kinds[kind]!;
        const order = orderBy ?? { attr: key, descending: false };
        const ascending = comparePositions(order);
        const isBackwards = order.attr === key && order.descending;
        const compare: typeof ascending = isBackwards ? (a, b) => ascending(b, a) : ascending;
        const at = (entry: Entry) => positionOf(entry, order.attr, key);
        const all = [...storeOf(kind).values()].filter((entry) => !where || matches(entry, where));
        const sorted = all.toSorted((a, b) => compare(at(a), at(b)));
        const after = bookmark && positionIn(bookmark);
        const rest = after ? sorted.filter((entry) => compare(at(entry), after) > 0) : sorted.slice(offset);
        const page = rest.slice(0, limit);
        return {
          entries: page.map((entry) => pick(entry, attrs)),
          ...(count && { total: all.length }),
          ...(limit > 0 && rest.length > limit && { next: behindPosition(at(page.at(-1)!)) }),
        };
      },
      get: async ({ kind, key, attrs }) => {
        const entry = storeOf(kind).get(key);
        return entry && pick(entry, attrs);
      },
      create: async ({ kind, entry, attrs }) => {
        const key = randomUUID();
        const stored = normalised({ ...entry, [settings.kinds[kind]!.key]: key });
        checkUnique(kind, key, stored);
        storeOf(kind).set(key, stored);
        return pick(stored, attrs);
      },
      update: async ({ kind, key, changes, expected, attrs }) => {
        const entry = present(kind, key);
        checkExpected(entry, expected);
        const changed = applyChanges(entry, changes);
        checkUnique(kind, key, changed);
        storeOf(kind).set(key, changed);
        return pick(changed, attrs);
      },
      delete: async ({ kind, key, expected }) => {
        checkExpected(present(kind, key), expected);
        storeOf(kind).delete(key);
      },
      probe: async () => "entries in memory",
      explain: (operation: BackendOperation) => JSON.stringify(operation, undefined, 2),
      close: async () => {},
    };
  },
});

const pick = (entry: Entry, attrs: readonly string[]): Entry =>
  Object.fromEntries(attrs.filter((attr) => entry[attr] !== undefined).map((attr) => [attr, entry[attr]]));

/** An entry as connectors return it: single values bare, no empty lists. */
const normalised = (entry: Entry): Entry => {
  const values = Object.keys(entry).map((attr) => [attr, fromValues(valuesOf(entry, attr))] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
};
