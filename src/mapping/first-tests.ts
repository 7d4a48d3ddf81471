import type { Entry } from "../connector/connector.ts";
import type { Resource } from "../scim/schema.ts";
import type { Mapping, References, Row } from "./mapping.ts";
import { type MappingTests, run } from "./testing.ts";

type Case = MappingTests["cases"][number];

/** What is tried, by resource type: a resource, and the filter that Entra matches by. */
const SAMPLES: Readonly<Record<string, { readonly resource: Resource; readonly filter: string }>> = {
  User: {
    resource: {
      userName: "ann@example.com",
      name: { givenName: "Ann", familyName: "Berg" },
      displayName: "Ann Berg",
      active: true,
      emails: [{ type: "work", value: "ann@example.com", primary: true }],
    },
    filter: 'userName eq "ann@example.com"',
  },
  Group: { resource: { displayName: "Sales" }, filter: 'displayName eq "Sales"' },
};

/** Values of attributes that are only read. */
const READ: Readonly<Record<string, string>> = {
  id: "1",
  userName: "ann@example.com",
  displayName: "Ann Berg",
  "name.givenName": "Ann",
  "name.familyName": "Berg",
};

const nobody: References = { toReference: () => undefined, toId: () => undefined };

/**
 * First tests of a mapping that was just drafted: what becomes of a sample today, so that a later change of the mapping shows. What the
 * mapping refuses, and what comes out differently each time, is left out; undefined if nothing is left.
 */
export async function firstTests(mapping: Mapping): Promise<MappingTests | undefined> {
  const sample = SAMPLES[mapping.type.name];
  if (!sample) return undefined;
  const { resource, filter } = sample;
  const created = await outcome(mapping, { name: "a new one is created", create: resource, entry: {} });
  const entry = { ...(created as Entry | undefined), ...readOnlyValues(mapping.rows) };
  const read = await outcome(mapping, { name: "an entry is read", read: entry, resource: {} });
  const asked = (await outcome(mapping, { name: "", filter, where: "" })) as
    | { where: string; rest?: string }
    | undefined;
  const isWritten = Object.keys((created ?? {}) as object).length > 0;
  const cases: Case[] = [
    ...(read === undefined ? [] : [{ name: "an entry is read", read: entry, resource: read as Resource }]),
    ...(isWritten ? [{ name: "an entry is created", create: resource, entry: created as Resource }] : []),
    ...(asked === undefined
      ? []
      : [
          {
            name: "Entra's matching filter is asked of the backend",
            filter,
            where: asked.where,
            ...(asked.rest !== undefined && { rest: asked.rest }),
          },
        ]),
  ];
  return cases.length > 0 ? { references: {}, cases } : undefined;
}

function readOnlyValues(rows: readonly Row[]): Entry {
  const values = rows.flatMap((row) => {
    const value = READ[row.name];
    return row.is === "attr" && row.readOnly && value !== undefined ? [[row.attr, value] as const] : [];
  });
  return Object.fromEntries(values);
}

/** What comes out of a case; undefined where the mapping refuses it, or where it is not the same each time. */
async function outcome(mapping: Mapping, each: Case): Promise<unknown> {
  try {
    const [one, two] = [await run(mapping, each, nobody), await run(mapping, each, nobody)];
    const text = JSON.stringify(one.actual);
    return text === JSON.stringify(two.actual) ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
