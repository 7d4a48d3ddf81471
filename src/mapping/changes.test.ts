import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Entry, valuesOf } from "../connector/connector.ts";
import { applyChanges } from "../connector/reference.ts";
import { badRequest, ScimError } from "../scim/error.ts";
import { checkImmutable, requireAll } from "../scim/input.ts";
import { readPatch } from "../scim/operations.ts";
import { applyPatch } from "../scim/patch.ts";
import type { Attribute } from "../scim/schema.ts";
import { builtInTypes } from "../scim/schema.ts";
import { changesBetween, directChanges } from "./changes.ts";
import { compileMapping } from "./compile.ts";
import { mappingFormat } from "./format.ts";
import type { Mapping, Row } from "./mapping.ts";
import { readEntry } from "./read.ts";
import { select } from "./selection.ts";
import { refusesUnmapped, unmappedIn, unmappedInOperations } from "./unmapped.ts";
import { writeResource } from "./write.ts";

const root = join(import.meta.dirname, "../..");
const compiled = (source: unknown): Mapping => {
  const { mapping, problems } = compileMapping(mappingFormat.parse(source), builtInTypes, {
    attributeTypes: ["guid", "fileTime"],
  });
  expect(problems).toEqual([]);
  return mapping!;
};
const shipped = (file: string) => compiled(parse(readFileSync(join(root, "mappings", file), "utf8")));

/** What mappings can do, in one. */
const odd = compiled({
  resource: "User",
  kind: "user",
  attributes: {
    id: { attr: "key", readOnly: true },
    userName: "login",
    "name.familyName": "sn",
    "name.givenName": "given",
    title: { attr: "title", as: { values: { Engineer: "ENG", Manager: "MGR" } } },
    active: { attr: "flags", as: { flag: 2, inverted: true } },
    nickName: "nick",
    userType: { attr: "mark", as: { equals: "X" } },
    'emails[type eq "work"].value': { attr: "mail", primary: true },
    'emails[type eq "home"].value': "home",
    'emails[type eq "home"].display': "homeName",
    'emails[type eq "other"].value': { attr: "proxies", many: true, as: { prefix: "smtp:" } },
    // One type that is only read, among others.
    'emails[type eq "fax"].value': { attr: "fax", readOnly: true },
    'phoneNumbers[type eq "work"].value': "phone",
    'phoneNumbers[type eq "work"].primary': { attr: "phoneFirst", as: "boolean" },
    'phoneNumbers[type eq "mobile"].value': "mobile",
    'phoneNumbers[type eq "mobile"].primary': { attr: "mobileFirst", as: "boolean" },
    'addresses[type eq "work"].locality': "city",
    // Two rows of one integer, each with bits of its own.
    'addresses[type eq "work"].primary': { attr: "flags", as: { flag: 16 } },
    "enterprise:manager.value": { attr: "boss", ref: "User" },
    "enterprise:department": "dept",
  },
});

const mappings: [string, Mapping][] = [
  ["legacy-hr users", shipped("legacy-hr/user.yaml")],
  ["legacy-hr groups", shipped("legacy-hr/group.yaml")],
  ["OpenLDAP's users", shipped("openldap/user.yaml")],
  ["OpenLDAP's groups", shipped("openldap/group.yaml")],
  ["an odd one", odd],
];

const references = {
  toReference: (_: string, id: string) => (/^id-[a-d]$/.test(id) ? `dn-${id.slice(3)}` : undefined),
  toId: (_: string, reference: string) => (/^dn-[a-d]$/.test(reference) ? `id-${reference.slice(3)}` : undefined),
};
const reading = { references, location: (type: string, id: string) => `/${type}/${id}` };

const word = fc.constantFrom("a", "b", "Ann", "x@example.com", "é", "y@example.com", "Engineer");

/** A value that a row may hold in an entry. */
function entryValue(row: Row): fc.Arbitrary<Entry[string]> {
  const one: fc.Arbitrary<Entry[string]> =
    row.is === "ref"
      ? fc.constantFrom("dn-a", "dn-b", "dn-hidden")
      : row.is === "attr" && row.attr === "flags"
        ? fc.constantFrom(0, 2, 16, 18, 512, 530)
        : row.is === "attr" && row.attr === "proxies"
          ? fc.constantFrom("smtp:a", "smtp:b", "x500:z")
          : row.is === "attr" && row.attr === "title"
            ? fc.constantFrom("ENG", "MGR")
            : row.is === "attr" && (row.path.sub ?? row.path.attribute).type === "boolean"
              ? fc.constantFrom(0, 1)
              : word;
  const many = row.is !== "expression" && row.many;
  return many ? fc.uniqueArray(one as fc.Arbitrary<string>, { minLength: 1, maxLength: 3 }) : one;
}

const entryOf = (mapping: Mapping): fc.Arbitrary<Entry> =>
  fc
    .record(
      Object.fromEntries(
        mapping.rows.flatMap((row) =>
          row.is === "expression" || row.path.attribute.name === "meta" || row.attr === mapping.id.attr
            ? []
            : [
                [
                  row.attr,
                  row.path.attribute.required ? entryValue(row) : fc.option(entryValue(row), { nil: undefined }),
                ],
              ],
        ),
      ),
    )
    .map((drawn) => ({ ...(drawn as Entry), [mapping.id.attr]: "7" }));

const simple = (attribute: Attribute, isReference: boolean): fc.Arbitrary<unknown> =>
  attribute.type === "boolean"
    ? fc.constantFrom(true, false, "True")
    : isReference
      ? fc.constantFrom("id-a", "id-b", "id-c", "id-none")
      : word;

/** An element of a list, of any of the mapping's types or of none, whole or in parts. */
const elementOf = (attribute: Attribute, isReference: boolean): fc.Arbitrary<unknown> => {
  if (attribute.type !== "complex") return simple(attribute, isReference);
  const has = (name: string) => attribute.subAttributes?.some((sub) => sub.name === name);
  return fc.record(
    {
      value: isReference ? fc.constantFrom("id-a", "id-b", "id-c", "id-none") : word,
      ...(has("type") && !isReference && { type: fc.constantFrom("work", "home", "mobile", "other", "fax", "sms") }),
      ...(has("primary") && { primary: fc.boolean() }),
      ...(has("display") && !isReference && { display: word }),
    },
    { requiredKeys: ["value"] },
  );
};

function operationOf(mapping: Mapping): fc.Arbitrary<object> {
  const rows = mapping.rows.filter((row) => !row.readOnly && row.path.attribute.name !== "meta");
  const pathOf = ({ path }: Row, sub: boolean) =>
    `${path.schema === mapping.type.schema ? "" : `${path.schema.id}:`}${path.attribute.name}${sub && path.sub ? `.${path.sub.name}` : ""}`;
  return fc.constantFrom(...rows).chain((row) => {
    const { attribute, sub } = row.path;
    const isReference = row.is === "ref";
    if (!attribute.multiValued) {
      const path = pathOf(row, true);
      const value = simple(sub ?? attribute, isReference);
      return fc.oneof(
        fc.record({ op: fc.constantFrom("add", "replace"), path: fc.constant(path), value }),
        fc.constant({ op: "remove", path }),
        fc.record({ op: fc.constantFrom("add", "replace"), value: value.map((each) => ({ [path]: each })) }),
        fc.constant({ op: "replace", path, value: "" }),
      );
    }
    const path = pathOf(row, false);
    const element = elementOf(attribute, isReference);
    const elements = fc.uniqueArray(element, { minLength: 1, maxLength: 3, selector: (each) => JSON.stringify(each) });
    const selector = fc.oneof(
      fc.constantFrom("work", "home", "mobile", "other", "fax", "sms").map((type) => `type eq "${type}"`),
      word.map((value) => `value eq "${value}"`),
      fc.constantFrom("id-a", "id-b").map((value) => `value eq "${value}"`),
      fc
        .tuple(fc.constantFrom("work", "home"), word)
        .map(([type, value]) => `type eq "${type}" and value eq "${value}"`),
      fc.constant("primary eq true"),
    );
    const selected = selector.filter(
      (each) => attribute.type === "complex" && (!isReference || each.startsWith("value")),
    );
    const choices: fc.Arbitrary<object>[] = [
      fc.record({ op: fc.constantFrom("add", "replace"), path: fc.constant(path), value: elements }),
      fc.record({ op: fc.constant("remove"), path: fc.constant(path), value: elements }),
      fc.constant({ op: "remove", path }),
    ];
    if (attribute.type === "complex") {
      choices.push(fc.record({ op: fc.constant("remove"), path: selected.map((each) => `${path}[${each}]`) }));
      if (sub && !isReference)
        choices.push(
          fc.record({
            op: fc.constantFrom("add", "replace"),
            path: selected.map((each) => `${path}[${each}].${sub.name}`),
            value: simple(sub, false),
          }),
          fc.record({ op: fc.constant("remove"), path: selected.map((each) => `${path}[${each}].${sub.name}`) }),
        );
    }
    return fc.oneof(...choices);
  });
}

/**
 * Each mapping, where attributes hold one value, where they may hold others beside those that it writes, and where it refuses what no
 * row takes.
 */
const cases = mappings.flatMap(([name, mapping]) => [
  [name, mapping, true] as const,
  [`${name}, beside other values`, mapping, false] as const,
  [`${name}, that refuses what no row takes`, { ...mapping, unmapped: "reject" as const }, true] as const,
]);

/** 400 where the mapping refuses what no row takes. */
function refuse(mapping: Mapping, names: readonly string[]): void {
  if (refusesUnmapped(mapping) && names.length > 0) throw badRequest("invalidValue", names.join());
}

describe.each(cases)("a PATCH on %s", (_, mapping, single) => {
  const isSingle = () => single;
  /** The attributes that a mark is put on. */
  const marked = mapping.rows.flatMap((row) => (row.is === "attr" && row.codec.mark ? [row.attr] : []));
  const beside = (entry: Entry): Entry =>
    single
      ? entry
      : { ...entry, ...Object.fromEntries(marked.map((attr) => [attr, [...valuesOf(entry, attr), "other"]])) };
  const { type } = mapping;
  const selection = select(mapping);
  const read = async (entry: Entry) => {
    const { meta: _, schemas: __, ...resource } = await readEntry(selection, entry, reading);
    return resource;
  };
  const outcome = async (work: () => Promise<unknown>) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      return error.status;
    }
  };

  test("comes to the same whether what is there is looked at first or not", async () => {
    let direct = 0;
    await fc.assert(
      fc.asyncProperty(
        entryOf(mapping),
        fc.array(operationOf(mapping), { minLength: 1, maxLength: 3 }),
        async (drawn, Operations) => {
          // As the backend would have it: no values that the mapping itself would not write.
          const given = Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)) as Entry;
          const entry = beside(given);
          const kept = (changed: Entry) => {
            if (!single) for (const attr of marked) expect(valuesOf(changed, attr)).toContain("other");
            return changed;
          };
          const operations = await outcome(async () => readPatch({ Operations }, type));
          if (typeof operations === "number") return;
          const asked = operations as ReturnType<typeof readPatch>;
          const atOnce = await outcome(async () => {
            const changes = directChanges(mapping, asked, references, isSingle);
            if (changes) refuse(mapping, unmappedInOperations(mapping, asked));
            return changes && read(kept(applyChanges(entry, changes)));
          });
          if (atOnce === undefined) return;
          direct++;
          const looked = await outcome(async () => {
            const current = await readEntry(selection, entry, reading);
            const target = applyPatch(current, asked, type);
            requireAll(target, type, "mutability");
            checkImmutable(current, target, type);
            refuse(mapping, unmappedIn(mapping, target, current));
            const changes = await changesBetween(mapping, entry, current, target, references, {
              emptied: "left",
              isSingle,
            });
            return read(kept(applyChanges(entry, changes)));
          });
          expect(sorted(atOnce)).toEqual(sorted(looked));
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 3000), seed: Number(process.env.SEED ?? 1) },
    );
    expect(direct).toBeGreaterThan(100);
  });

  test("that changes nothing writes nothing, and what is written is read as it was", async () => {
    await fc.assert(
      fc.asyncProperty(entryOf(mapping), async (drawn) => {
        const entry = Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)) as Entry;
        const current = await readEntry(selection, entry, reading);
        expect(
          await changesBetween(mapping, entry, current, current, references, { emptied: "refilled", isSingle }),
        ).toEqual([]);
        const written = await writeResource(mapping, current, references, entry);
        const changes = Object.entries(written).map(
          ([attr, value]) => ({ op: "replace", attr, values: value === undefined ? [] : [value].flat() }) as const,
        );
        const again = await read(applyChanges(entry, changes as never));
        expect(sorted(again)).toEqual(sorted(await read(entry)));
      }),
      { numRuns: 500 },
    );
  });
});

/** Lists have no order that counts. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .map(([name, inner]) => [name, sorted(inner)] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value;
