import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  Bookmark,
  Change,
  Condition,
  Connector,
  Entry,
  Leaf,
  SearchRequest,
  Support,
  Value,
} from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { applyChanges, comparePositions, matches, type Position, positionOf } from "../../src/connector/reference.ts";

/** What the contract suite needs to know of a connector's kind. */
export interface Contract {
  /** Opens the connector; the entries are for one that only reads, and must be there then. */
  readonly open: (population: readonly Entry[]) => Promise<{
    readonly connector: Connector;
    /** Opens another connector on the same backend, as another process would; left out where that cannot be. */
    readonly again?: () => Connector;
    readonly close: () => Promise<void>;
  }>;
  /** Whether it only reads: seeds hold their keys then, and writes are refused. */
  readonly readOnly?: true;
  readonly kind: string;
  /** Whether its backend is reached by TLS: its certificate must then be told. */
  readonly isEncrypted?: true;
  /** What tells it from others that are tested beside it. */
  readonly name?: string;
  /** An entry that holds no more than it must; `n` makes it unlike the others. */
  readonly seed: (n: number) => Entry;
  /** The attribute of which no two entries may hold the same value. */
  readonly unique: string;
  /** Attributes of one text, that may be absent. */
  readonly texts: readonly string[];
  /** Attributes of many texts, that may be absent. */
  readonly lists: readonly string[];
  /** Values that a list may hold, where it is not any text. */
  readonly listValues?: readonly string[];
  /** A key of the right form that is no entry's. */
  readonly absentKey: string;
  readonly runs?: number;
  /**
   * Other kinds in the same backend, whose entries are out of reach; each with an entry, unlike the others by `n`, and the changes,
   * where there are such, that would take an entry of the kind's own over there.
   */
  readonly others?: readonly {
    readonly kind: string;
    readonly seed: (n: number) => Entry;
    readonly joins?: readonly Change[];
  }[];
}

/** Texts that mean something to some backend, or fold, sort or compare in more than one way. */
const texts = [
  ..."ann Ann ANN bo Bo annex %ann a%n a_n _ % * (uid=*) *)(uid=* a\\b \\ \\2a o'x \"q\" '; drop table people; --".split(
    " ",
  ),
  "Research and Development",
  "a  b",
  "é",
  "É",
  "日本 Ω",
  "straße",
  "x,y=z+w",
  "null",
  "0",
  "10",
  "9",
];

/** Of those texts one of each that a directory takes for the same value: case and blanks aside. */
export const distinctTexts = (): string[] => [...new Map(texts.map((each) => [folded(each), each])).values()];

/** The test suite that every connector passes: it answers as `reference.ts` does, in all that it says it supports. */
export function testConnector(contract: Contract): void {
  const { kind, lists } = contract;
  const signal = () => AbortSignal.timeout(10_000);
  const numRuns = contract.runs ?? 300;

  describe(`the connector contract, ${contract.name ?? `kind ${kind}`}`, () => {
    let connector: Connector;
    let again: (() => Connector) | undefined;
    let close: () => Promise<void>;
    let key: string;
    const population: Entry[] = [];
    const attrs = [contract.unique, ...contract.texts, ...lists];
    const all = () => [...attrs, key];

    beforeAll(async () => {
      const drawn = fc.sample(entryOf(contract), { numRuns: 40, seed: 7 });
      const entries = drawn.map((each, n) => ({ ...each, ...contract.seed(n) }));
      ({ connector, again, close } = await contract.open(contract.readOnly ? entries : []));
      key = connector.kinds.get(kind)!.key;
      if (contract.readOnly) population.push(...entries);
      else
        for (const entry of entries)
          population.push(await connector.create({ kind, entry, attrs: all(), signal: signal() }));
    });
    afterAll(() => close());

    /** Tests of writes, for connectors that make them. */
    const testWrites = contract.readOnly ? () => {} : test;

    const testRefusals = contract.readOnly ? test : () => {};
    testRefusals("refuses to create, update and delete, and changes nothing", async () => {
      const [first] = population;
      const request = { kind, key: String(first![key]), attrs: all(), signal: signal() };
      const refusal = { kind: "invalid", mayHaveHappened: false };
      await expect(connector.create({ ...request, entry: contract.seed(4712) })).rejects.toMatchObject(refusal);
      const changes = [{ op: "replace", attr: contract.texts[0]!, values: ["x"] }] as const;
      await expect(connector.update({ ...request, changes })).rejects.toMatchObject(refusal);
      await expect(connector.delete(request)).rejects.toMatchObject(refusal);
      expect(await connector.get(request)).toEqual(first);
    });

    test("gives back an entry as it was stored, by its key", async () => {
      for (const entry of population) {
        const found = await connector.get({ kind, key: String(entry[key]), attrs: all(), signal: signal() });
        expect(sorted(found!, lists)).toEqual(sorted(entry, lists));
      }
      expect(await connector.get({ kind, key: contract.absentKey, attrs: all(), signal: signal() })).toBeUndefined();
      expect(await connector.get({ kind, key: "no such key *)(x", attrs: all(), signal: signal() })).toBeUndefined();
    });

    test("finds what the reference finds, where it says exact, and no less where it says superset", async () => {
      await fc.assert(
        fc.asyncProperty(conditionOf(contract), async (where) => {
          const support = supportOf(connector, kind, where);
          if (support === "none") return;
          const { entries } = await connector.search({
            kind,
            where,
            attrs: [key],
            limit: 1000,
            count: false,
            signal: signal(),
          });
          const found = new Set(entries.map((entry) => entry[key]));
          const expected = population.filter((entry) => matches(entry, where)).map((entry) => entry[key]);
          expect(expected.filter((each) => !found.has(each))).toEqual([]);
          if (support === "exact") expect(found.size).toBe(expected.length);
        }),
        { numRuns },
      );
    });

    const page = (more: Partial<SearchRequest>) =>
      connector.search({ kind, attrs: [key], limit: 7, count: true, signal: signal(), ...more });
    /** All pages from a first one on, by their bookmarks. */
    async function* pagesBy(more: Partial<SearchRequest>) {
      for (let bookmark: Bookmark | undefined; ; ) {
        const result = await page({ ...more, ...(bookmark && { bookmark }) });
        yield result;
        if (!result.next) return;
        // Clients carry bookmarks in their cursors, as JSON.
        bookmark = JSON.parse(JSON.stringify(result.next)) as Bookmark;
      }
    }

    test("pages through all entries by index, each once, and counts them", async () => {
      const seen: unknown[] = [];
      for (let offset = 0; offset < population.length + 7; offset += 7) {
        const { entries, total, next } = await page({ offset });
        expect(total).toBe(population.length);
        expect(next !== undefined).toBe(offset + 7 < population.length);
        seen.push(...entries.map((entry) => entry[key]));
      }
      expect(new Set(seen).size).toBe(population.length);
      expect(seen.length).toBe(population.length);
      expect(await page({ offset: 0, limit: 0 })).toMatchObject({ entries: [], total: population.length });
    });

    test("pages through all entries by bookmarks, of any sizes, each once", async () => {
      for (const limit of [1, 3, 7, population.length - 1, population.length, population.length + 1]) {
        const seen: unknown[] = [];
        for await (const { entries, total } of pagesBy({ limit })) {
          expect(total).toBe(population.length);
          expect(entries.length).toBeLessThanOrEqual(limit);
          seen.push(...entries.map((entry) => entry[key]));
        }
        expect(seen.length).toBe(population.length);
        expect(new Set(seen).size).toBe(population.length);
      }
      const { next } = await page({ limit: 5 });
      const rest = await page({ limit: 1000, bookmark: next! });
      expect(rest.entries.length).toBe(population.length - 5);
    });

    test("goes on from a bookmark that another process gave", async () => {
      const first = await page({});
      const other = again?.() ?? connector;
      const request = { kind, attrs: [key], limit: 1000, count: true, bookmark: first.next! };
      const rest = await other.search({ ...request, signal: signal() });
      if (other !== connector) await other.close();
      const keys = [...first.entries, ...rest.entries].map((entry) => entry[key]);
      expect(new Set(keys).size).toBe(population.length);
      expect(keys.length).toBe(population.length);
    });

    test("refuses what is no bookmark of its own, or goes on from it, and never fails", async () => {
      const scalar = fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.integer(), fc.boolean());
      const { next } = await page({});
      const garbled = fc
        .tuple(fc.nat({ max: next!.length - 1 }), scalar)
        .map(([at, value]) => next!.map((each, index) => (index === at ? value : each)));
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.array(scalar, { minLength: 1, maxLength: 4 }), garbled), async (bookmark) => {
          const problem = await page({ bookmark }).then(
            () => "expired",
            (error) => error.kind,
          );
          expect(problem).toBe("expired");
        }),
        { numRuns: 50 },
      );
    });

    test("orders as the reference orders, and pages on from any position, each entry once", async () => {
      for (const attr of [key, ...contract.texts].filter((each) => connector.sorts(kind, each))) {
        for (const [descending, caseExact] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ] as const) {
          const orderBy = { attr, descending, caseExact };
          const seen: Position[] = [];
          for await (const { entries, total } of pagesBy({ orderBy, attrs: [key, attr] })) {
            expect(total).toBe(population.length);
            seen.push(...entries.map((entry) => positionOf(entry, attr, key)));
          }
          expect(seen.length).toBe(population.length);
          expect(new Set(seen.map((each) => each.key)).size).toBe(population.length);
          const byValue = comparePositions(orderBy);
          const withoutKeys = (position: Position) => ({ ...position, key: "" });
          for (const [index, each] of seen.slice(1).entries())
            expect(byValue(withoutKeys(seen[index]!), withoutKeys(each))).toBeLessThanOrEqual(0);
          // By key alone one is the other read from its end.
          if (attr === key && descending) {
            const { entries } = await page({ orderBy: { ...orderBy, descending: false }, limit: 1000 });
            expect(seen.map((each) => each.key)).toEqual(entries.map((entry) => String(entry[key])).toReversed());
          }
          const { entries } = await page({ orderBy, offset: 3, limit: 4 });
          expect(entries.map((entry) => String(entry[key]))).toEqual(seen.slice(3, 7).map((each) => each.key));
        }
      }
    });

    testWrites("makes the changes that the reference makes, and gives back the entry after them", async () => {
      const id = String(population[0]![key]);
      await fc.assert(
        fc.asyncProperty(fc.array(changeOf(contract), { minLength: 1, maxLength: 4 }), async (changes) => {
          const before = (await connector.get({ kind, key: id, attrs: all(), signal: signal() }))!;
          const distinct = changes.filter(
            (change, index) => changes.findIndex((other) => other.attr === change.attr) === index,
          );
          const after = await connector.update({ kind, key: id, changes: distinct, attrs: all(), signal: signal() });
          expect(sorted(after, lists)).toEqual(sorted(applyChanges(before, distinct), lists));
        }),
        { numRuns: Math.ceil(numRuns / 3) },
      );
      population[0] = (await connector.get({ kind, key: id, attrs: all(), signal: signal() }))!;
    });

    testWrites("swaps a value only while it is what it was", async () => {
      const id = String(population[1]![key]);
      const [attr] = contract.texts;
      const change = (from: Value | null, to: Value | null) =>
        connector.update({
          kind,
          key: id,
          changes: [{ op: "swap", attr: attr!, from, to }],
          attrs: [attr!],
          signal: signal(),
        });
      await connector.update({
        kind,
        key: id,
        changes: [{ op: "replace", attr: attr!, values: ["one"] }],
        attrs: [],
        signal: signal(),
      });
      expect(await change("one", "two")).toEqual({ [attr!]: "two" });
      await expect(change("one", "three")).rejects.toMatchObject({ kind: "versionMismatch" });
      await expect(change(null, "three")).rejects.toMatchObject({ kind: "versionMismatch" });
      expect(await change("two", null)).toEqual({});
      expect(await change(null, "four")).toEqual({ [attr!]: "four" });
      population[1] = (await connector.get({ kind, key: id, attrs: all(), signal: signal() }))!;
    });

    testWrites("refuses a second entry with the same unique value, as a conflict", async () => {
      const entry = { ...contract.seed(99), [contract.unique]: population[2]![contract.unique] } as Entry;
      const failure = await connector
        .create({ kind, entry, attrs: all(), signal: signal() })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ConnectorError);
      expect(failure).toMatchObject({ kind: "conflict" });
    });

    testWrites(
      "refuses an update to another's unique value, as a conflict of that attribute, and changes nothing",
      async () => {
        const [one, other] = [population[1]!, population[2]!];
        const id = String(one[key]);
        const changes: Change[] = [{ op: "replace", attr: contract.unique, values: [other[contract.unique] as Value] }];
        const failure = await connector
          .update({ kind, key: id, changes, attrs: all(), signal: signal() })
          .catch((e) => e);
        expect(failure).toMatchObject({ kind: "conflict" });
        if (failure.attr !== undefined) expect(failure.attr.toLowerCase()).toBe(contract.unique.toLowerCase());
        const after = await connector.get({ kind, key: id, attrs: [contract.unique], signal: signal() });
        expect(after?.[contract.unique]).toEqual(one[contract.unique]);
      },
    );

    testWrites("changes and deletes an entry only while it holds what is expected of it", async () => {
      const made = await connector.create({ kind, entry: contract.seed(7000), attrs: all(), signal: signal() });
      const id = String(made[key]);
      const present = made[contract.unique] as string;
      const [attr] = contract.texts;
      const changes: Change[] = [{ op: "replace", attr: attr!, values: ["two"] }];
      const wrong = { expected: { [contract.unique]: `${present}-not` } };
      const request = () => ({ kind, key: id, signal: signal() });
      const mismatch = { kind: "versionMismatch" };
      await expect(connector.update({ ...request(), ...wrong, changes, attrs: [] })).rejects.toMatchObject(mismatch);
      await expect(connector.delete({ ...request(), ...wrong })).rejects.toMatchObject(mismatch);
      expect((await connector.get({ ...request(), attrs: [attr!] }))?.[attr!]).toBeUndefined();
      const right = { expected: { [contract.unique]: present } };
      await connector.update({ ...request(), ...right, changes, attrs: [] });
      expect((await connector.get({ ...request(), attrs: [attr!] }))?.[attr!]).toBe("two");
      await connector.delete({ ...request(), ...right });
      expect(await connector.get({ ...request(), attrs: [key] })).toBeUndefined();
    });

    test("ends with its request, by a failure of its own kind, and says what it is when it is probed", async () => {
      const gone = AbortSignal.abort(new Error("request timed out"));
      const request = { kind, attrs: [key], signal: gone };
      const calls = [
        () => connector.search({ ...request, limit: 5, count: true }),
        () => connector.get({ ...request, key: String(population[0]![key]) }),
      ];
      for (const call of calls) {
        const outcome = await call().then(
          () => "answered",
          (error) => (error instanceof ConnectorError ? error.kind : error),
        );
        // What is in memory already is answered all the same.
        expect(["answered", "timeout", "unavailable", "busy"]).toContain(outcome);
      }
      expect(await connector.probe(signal())).toMatch(/\S/);
    });

    testWrites("deletes an entry once, and says notFound of what is not there", async () => {
      const gone = population.pop()!;
      const request = { kind, key: String(gone[key]), signal: signal() };
      await connector.delete(request);
      await expect(connector.delete(request)).rejects.toMatchObject({ kind: "notFound" });
      const changes = [{ op: "replace", attr: contract.texts[0]!, values: ["x"] }] as const;
      await expect(connector.update({ ...request, changes, attrs: [] })).rejects.toMatchObject({ kind: "notFound" });
      expect(await connector.get({ ...request, attrs: all() })).toBeUndefined();
    });

    test.each(contract.others ?? [])(
      "reaches no entry of kind $kind: not to read, change, delete or refer to it, whatever its own kind did before",
      async (other) => {
        const itsKey = connector.kinds.get(other.kind)!.key;
        const [text] = contract.texts;
        const own = { kind: other.kind, signal: signal() };
        const made = await connector.create({ ...own, entry: other.seed(1), attrs: [itsKey, text!] });
        const id = String(made[itsKey]);
        const change = (value: string) => [{ op: "replace", attr: text!, values: [value] }] as const;
        const before: Record<string, () => Promise<unknown>> = {
          create: async () => {},
          get: () => connector.get({ ...own, key: id, attrs: [text!] }),
          search: () => connector.search({ ...own, attrs: [text!], limit: 10, count: true }),
          update: () => connector.update({ ...own, key: id, changes: change("its own"), attrs: [text!] }),
          resolve: async () => connector.resolve?.({ ...own, to: "references", values: [id] }),
        };
        const references = (await connector.resolve?.({ ...own, to: "references", values: [id] })) ?? new Map();
        const reference = references.get(id) ?? id;
        const expected = { kind: "notFound" };
        for (const [what, touch] of Object.entries(before)) {
          await touch();
          const asked = { kind, key: id, signal: signal() };
          expect(await connector.get({ ...asked, attrs: all() }), what).toBeUndefined();
          const taken = connector.update({ ...asked, changes: change("taken over"), attrs: [] });
          await expect(taken, what).rejects.toMatchObject(expected);
          await expect(connector.update({ ...asked, changes: [], attrs: all() }), what).rejects.toMatchObject(expected);
          await expect(connector.delete(asked), what).rejects.toMatchObject(expected);
          const { entries } = await connector.search({ ...asked, attrs: [key], limit: 1000, count: false });
          expect(entries.map((entry) => entry[key])).not.toContain(id);
          if (!connector.resolve) continue;
          for (const [to, value] of [
            ["references", id],
            ["keys", reference],
          ] as const)
            expect((await connector.resolve({ ...asked, to, values: [value] })).size, `${what}, to ${to}`).toBe(0);
        }
        const left = await connector.get({ ...own, key: id, attrs: [text!] });
        expect(left).toEqual({ [text!]: "its own" });
        await connector.delete({ ...own, key: id });
      },
    );

    test.each((contract.others ?? []).filter(({ joins }) => joins))(
      "keeps its entries: what would make one of kind $kind of it is refused, and changes nothing",
      async ({ kind: other, joins }) => {
        const [text] = contract.texts;
        const own = { kind, signal: signal() };
        const made = await connector.create({
          ...own,
          entry: { ...contract.seed(4712), [text!]: "its own" },
          attrs: [key, text!],
        });
        const id = String(made[key]);
        for (const attrs of [[], all()])
          for (const more of [[], [{ op: "replace", attr: text!, values: ["another"] }] as const])
            await expect(
              connector.update({ ...own, key: id, changes: [...more, ...joins!], attrs }),
            ).rejects.toMatchObject({ kind: "invalid" });
        expect(await connector.get({ ...own, key: id, attrs: [text!] })).toEqual({ [text!]: "its own" });
        expect(
          await connector.get({ kind: other, key: id, attrs: [text!], signal: signal() }),
          "the other kind has it",
        ).toBeUndefined();
        await connector.delete({ ...own, key: id });
      },
    );

    test("explains each operation without asking the backend", async () => {
      const where: Condition = { op: "eq", attr: contract.unique, value: "ann" };
      if (connector.supports(kind, where) !== "none")
        expect(
          await connector.explain({ type: "search", kind, where, attrs: all(), limit: 10, count: true }),
        ).toContain("ann");
      expect(await connector.explain({ type: "get", kind, key: contract.absentKey, attrs: all() })).toMatch(/\S/);
      if (contract.readOnly) return;
      const changes: Change[] = [{ op: "replace", attr: contract.texts[0]!, values: ["x"] }];
      expect(await connector.explain({ type: "update", kind, key: contract.absentKey, changes, attrs: [] })).toContain(
        contract.texts[0],
      );
      expect(await connector.explain({ type: "create", kind, entry: contract.seed(1), attrs: [] })).toContain(
        String(contract.seed(1)[contract.unique]),
      );
    });

    test("tells of its connections, if it has any, what can be true", async () => {
      const { pools, peers } = connector.observe?.() ?? { pools: [], peers: [] };
      for (const { name, open, idle, waiting, limit = Number.POSITIVE_INFINITY } of pools) {
        expect(name).not.toBe("");
        expect(Math.min(open, idle, waiting), name).toBeGreaterThanOrEqual(0);
        expect(idle, name).toBeLessThanOrEqual(open);
        expect(open, name).toBeLessThanOrEqual(limit);
      }
      if (pools.length > 0) expect(pools.some(({ open }) => open > 0)).toBe(true);
      expect(peers.length > 0).toBe(contract.isEncrypted === true);
      for (const { address, until, seen } of peers) {
        expect(address).not.toBe("");
        expect(until).toBeGreaterThan(seen);
      }
    });
  });
}

/** Lists have no order that counts. */
const sorted = (entry: Entry, lists: readonly string[]): Entry =>
  Object.fromEntries(
    Object.entries(entry).map(([attr, value]) => [
      attr,
      lists.includes(attr) && Array.isArray(value) ? [...value].sort() : value,
    ]),
  );

const text = fc.constantFrom(...texts);
const listValue = (contract: Contract) => fc.constantFrom(...(contract.listValues ?? texts));

function entryOf(contract: Contract): fc.Arbitrary<Entry> {
  const single = contract.texts.map((attr) => [attr, fc.option(text, { nil: undefined })]);
  const many = contract.lists.map((attr) => [
    attr,
    fc
      .uniqueArray(listValue(contract), { maxLength: 3, selector: folded })
      .map((values) => (values.length > 1 ? values : values[0])),
  ]);
  return (fc.record(Object.fromEntries([...single, ...many])) as fc.Arbitrary<Entry>).map((entry) => {
    return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
  });
}

/** A directory takes two values that differ in case, or in blanks, for the same one: lists hold no such pairs. */
const folded = (value: string) => value.toLowerCase().replace(/ +/g, " ").normalize("NFKD");

function conditionOf(contract: Contract): fc.Arbitrary<Condition> {
  const attr = fc.constantFrom(contract.unique, ...contract.texts, ...contract.lists);
  const op = fc.constantFrom("eq", "co", "sw", "ew", "gt", "ge", "lt", "le") as fc.Arbitrary<"eq">;
  const value = fc.oneof(
    text,
    text.map((each) => each.slice(0, 2)),
    text.map((each) => each.slice(-1)),
    listValue(contract),
  );
  const comparison = fc.record({ op, attr, value, caseExact: fc.boolean() }).filter((leaf) => leaf.value !== "");
  const leaf: fc.Arbitrary<Leaf> = fc.oneof(
    { arbitrary: comparison, weight: 5 },
    { arbitrary: attr.map((each) => ({ op: "pr" as const, attr: each })), weight: 1 },
  );
  return fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.record({
        op: fc.constantFrom("and" as const, "or" as const),
        conditions: fc.array(tie("condition"), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ op: fc.constant("not" as const), condition: tie("condition") }),
    ),
  })).condition;
}

function changeOf(contract: Contract): fc.Arbitrary<Change> {
  const values = fc.uniqueArray(listValue(contract), { minLength: 1, maxLength: 3, selector: folded });
  const single = fc.record({
    op: fc.constant("replace" as const),
    attr: fc.constantFrom(...contract.texts),
    values: fc.array(text, { maxLength: 1 }),
  });
  if (contract.lists.length === 0) return single;
  return fc.oneof(
    single,
    fc.record({
      op: fc.constantFrom("add" as const, "delete" as const, "replace" as const),
      attr: fc.constantFrom(...contract.lists),
      values,
    }),
  );
}

/** How well a whole condition is answered, from how well its parts are. */
function supportOf(connector: Connector, kind: string, condition: Condition): Support {
  const own = connector.supports(kind, condition);
  const parts =
    condition.op === "not"
      ? [condition.condition]
      : condition.op === "and" || condition.op === "or"
        ? condition.conditions
        : [];
  const all = [own, ...parts.map((part) => supportOf(connector, kind, part))];
  if (all.includes("none")) return "none";
  if (!all.includes("superset")) return "exact";
  return condition.op === "not" ? "none" : "superset";
}
