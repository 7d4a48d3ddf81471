import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Condition, Entry, Support } from "../connector/connector.ts";
import { matches } from "../connector/reference.ts";
import { conditionText } from "../connector/text.ts";
import { compileFilter } from "../scim/evaluate.ts";
import { filterText, typedFilter } from "../scim/path.ts";
import { builtInTypes } from "../scim/schema.ts";
import { compileMapping } from "./compile.ts";
import { mappingFormat } from "./format.ts";
import { planFilter } from "./plan.ts";
import { readEntry } from "./read.ts";
import { select } from "./selection.ts";

const source = mappingFormat.parse({
  resource: "User",
  kind: "user",
  attributes: {
    id: { attr: "key", readOnly: true },
    userName: "login",
    "name.familyName": "sn",
    title: { attr: "title", as: { values: { Engineer: "ENG", Manager: "MGR" } } },
    nickName: { read: '$substringBefore(login, "@")' },
    active: { attr: "locked", as: { presence: "yes", inverted: true } },
    'emails[type eq "work"].value': { attr: "mail", primary: true },
    'emails[type eq "work"].display': "mailName",
    'emails[type eq "other"].value': { attr: "mails", many: true },
    'phoneNumbers[type eq "mobile"].value': "mobile",
    "enterprise:department": "department",
    "enterprise:manager.value": { attr: "manager", ref: "User" },
    groups: { attr: "memberOf", ref: "Group", many: true, readOnly: true },
  },
});
const mapping = compileMapping(source, builtInTypes).mapping!;
const { type } = mapping;
const references = {
  toReference: (_: string, id: string) => (id.startsWith("id-") ? `dn-${id.slice(3)}` : undefined),
  toId: (_: string, reference: string) => (reference === "dn-hidden" ? undefined : `id-${reference.slice(3)}`),
};
const plan = (filter: string, supports: (condition: Condition) => Support = () => "exact") => {
  const { where, rest } = planFilter(mapping, typedFilter(filter, type), supports, references);
  return { where: where && conditionText(where), rest: rest && filterText(rest, type) };
};

describe("a filter is split", () => {
  test.each([
    ['userName eq "ann"', 'login eq "ann"', undefined],
    ['emails[type eq "work"].value eq "a"', 'mail eq "a"', undefined],
    ['emails.value eq "a"', 'or(mail eq "a", mails eq "a")', undefined],
    ['emails[type eq "other"].value eq "a"', 'mails eq "a"', undefined],
    ['emails[type eq "home"].value eq "a"', "nothing", undefined],
    ['emails[primary eq "True" and value co "x"]', 'mail co "x"', undefined],
    ["active eq true", "not(locked pr)", undefined],
    ['not (title eq "Engineer")', 'not(title eq "ENG")', undefined],
    ['manager eq "id-1"', 'manager eq "dn-1"', undefined],
    ['members eq "id-1" or userName pr', undefined, undefined],
    ['nickName eq "x" and userName sw "y"', 'login sw "y"', 'nickName eq "x"'],
    ['nickName eq "x" or userName sw "y"', undefined, 'nickName eq "x" or userName sw "y"'],
    ['userName ne "x"', 'not(login eq "x")', undefined],
  ])("%s", (filter, where, rest) => {
    if (filter.startsWith("members")) expect(() => plan(filter)).toThrow('There is no attribute "members"');
    else expect(plan(filter)).toEqual({ where, rest });
  });

  test("the negation of a superset is not pushed", () => {
    expect(plan('not (userName eq "a b")', (each) => (each.op === "eq" ? "superset" : "exact"))).toEqual({
      where: undefined,
      rest: 'not (userName eq "a b")',
    });
  });

  test("an attribute in no row is refused", () => {
    expect(() => plan('locale eq "no"')).toThrow('"locale" is not mapped');
  });
});

const word = fc.constantFrom("a", "A", "b", "ab", "ENG", "x@y", "a@x", "é", "dn-1", "dn-2", "dn-hidden");
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const entry = fc.record({
  key: word,
  login: word,
  sn: maybe(word),
  title: maybe(fc.constantFrom("ENG", "MGR", "odd")),
  locked: maybe(fc.constant("yes")),
  mail: maybe(word),
  mailName: maybe(word),
  mails: maybe(fc.uniqueArray(word, { minLength: 2, maxLength: 3 })),
  mobile: maybe(word),
  department: maybe(word),
  manager: maybe(fc.constantFrom("dn-1", "dn-2", "dn-hidden")),
  memberOf: maybe(fc.constantFrom("dn-1", "dn-2", "dn-hidden")),
}) as fc.Arbitrary<Entry>;

const value = fc
  .constantFrom("a", "A", "b", "ab", "x", "@", "é", "Engineer", "work", "other", "id-1", "id-2", "")
  .map((each) => JSON.stringify(each));
const textPath = fc.constantFrom(
  "userName",
  "name.familyName",
  "title",
  "nickName",
  "emails",
  "emails.value",
  "emails.display",
  "emails.type",
  'emails[type eq "work"].value',
  'emails[type eq "other"].value',
  'emails[type eq "work" or value sw "a"].value',
  'emails[not (type eq "work")].value',
  'emails[value ne "a"].type',
  "phoneNumbers.value",
  "department",
  "manager",
  "groups",
  "groups.value",
);
const op = fc.constantFrom("eq", "ne", "co", "sw", "ew", "gt", "le");
const leaf = fc.oneof(
  fc.tuple(textPath, op, value).map((parts) => parts.join(" ")),
  textPath.map((path) => `${path} pr`),
  fc.constantFrom("active eq true", "active ne true", "active pr", "emails.primary eq true", "emails[primary ne true]"),
  fc
    .tuple(fc.constantFrom("value", "type", "display"), op, value, fc.constantFrom("and", "or"), value)
    .map(([sub, each, one, logic, two]) => `emails[${sub} ${each} ${one} ${logic} value sw ${two}]`),
);
const filter = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(tie("filter"), fc.constantFrom("and", "or"), tie("filter"))
      .map(([one, logic, two]) => `(${one}) ${logic} (${two})`),
    tie("filter").map((inner) => `not (${inner})`),
  ),
})).filter;
const supports = fc.constantFrom<(condition: Condition) => Support>(
  () => "exact",
  (each) => (each.op === "co" || each.op === "ew" ? "none" : "exact"),
  (each) => (each.op === "eq" ? "superset" : "exact"),
  (each) => (each.op === "and" ? "superset" : "exact"),
  (each) => (each.op === "and" || each.op === "or" || each.op === "sw" ? "superset" : "exact"),
  (each) => (each.op === "not" || each.op === "eq" ? "superset" : "exact"),
  (each) => (each.op === "and" ? "none" : "exact"),
  (each) => (each.op === "or" ? "none" : each.op === "gt" || each.op === "le" ? "none" : "exact"),
);

/** What a backend finds: with more than asked where it answers so, such as by one condition of several. */
function isFound(entry: Entry, where: Condition, support: (condition: Condition) => Support): boolean {
  if (where.op === "and") {
    const [asked] = where.conditions.slice(-1);
    if (support(where) === "superset") return asked === undefined || isFound(entry, asked, support);
    return where.conditions.every((each) => isFound(entry, each, support));
  }
  // What is never so is asked of nobody.
  if (where.op === "or" && where.conditions.length === 0) return false;
  if (support(where) === "superset") return true;
  if (where.op === "or") return where.conditions.some((each) => isFound(entry, each, support));
  return matches(entry, where);
}

test("law: what is pushed down and then filtered equals what is filtered in memory", async () => {
  const reading = { references, location: () => "" };
  const selection = select(mapping);
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { minLength: 1, maxLength: 6 }),
      filter,
      supports,
      async (entries, text, support) => {
        const typed = typedFilter(text, type);
        const { where, rest } = planFilter(mapping, typed, support, references);
        const all = await Promise.all(
          entries.map(async (each) => ({ each, resource: await readEntry(selection, each, reading) })),
        );
        const expected = all.filter(({ resource }) => compileFilter(typed, type)(resource));
        const found = all.filter(({ each }) => !where || isFound(each, where, support));
        const kept = rest ? found.filter(({ resource }) => compileFilter(rest, type)(resource)) : found;
        expect(kept.map(({ each }) => each)).toEqual(expected.map(({ each }) => each));
      },
    ),
    { numRuns: 3000 },
  );
});
