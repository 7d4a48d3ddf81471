import type { Entry as LdapEntry } from "ldapts";
import { type Document, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import type { AttributeType } from "../attributes.ts";
import { attributesOf } from "../subschema.ts";

/** What a directory says of an attribute. */
export interface AttributeFacts {
  readonly type: AttributeType;
  readonly isSingle: boolean;
  /** Whether a look-up by it is answered by an index; undefined where that cannot be known. */
  readonly isIndexed?: boolean | undefined;
}

/** How many of the entries looked at have an attribute. */
export interface AttributeUse {
  readonly name: string;
  readonly entries: number;
}

/** The attributes that entries have, the most used first. */
export function countAttributes(entries: readonly LdapEntry[]): AttributeUse[] {
  const counts = new Map<string, number>();
  for (const entry of entries) for (const name of attributesOf(entry)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, entries: count })).sort((a, b) => b.entries - a.entries);
}

/** What a shipped mapping is fitted to. */
export interface Fit {
  /** The directory, as its administrator calls it, and the command that looked at it. */
  readonly of: string;
  readonly command: string;
  /** Whether an entry can have an attribute. */
  readonly has: (attr: string) => boolean;
  readonly facts: (attr: string) => AttributeFacts | undefined;
  /** Attributes that can hold an id of the client's, in the order in which they are preferred. */
  readonly forExternalId: readonly string[];
  /** The attributes of entries that were looked at, by how many have them. */
  readonly inUse: readonly AttributeUse[];
}

/** A shipped mapping without the rows whose attributes the directory does not have, and with what it has beside them said. */
export function fitted(text: string, { of, command, has, facts, forExternalId, inUse }: Fit): string {
  const document: Document = parseDocument(text);
  const rows = document.get("attributes") as YAMLMap;
  const attrOf = (value: unknown) =>
    isScalar(value) ? String(value.value) : isMap(value) ? (value.get("attr") as string | undefined) : undefined;
  const external = document.getIn(["attributes", "externalId"]);
  const isInUse = (attr: string) => inUse.some(({ name }) => name.toLowerCase() === attr.toLowerCase());
  const remarks: string[] = [];
  if (typeof external === "string" && !has(external)) {
    // What entries hold there would be lost to the client's ids.
    const other = forExternalId.find((attr) => has(attr) && !isInUse(attr));
    if (other !== undefined) document.setIn(["attributes", "externalId"], other);
    else remarks.push(" No attribute is free for externalId: map one that entries do not use, if clients send it.");
  } else if (typeof external === "string" && isInUse(external))
    remarks.push(` ${external} is in use: if not for the client's ids, map externalId to another attribute.`);
  const mapped = new Set<string>();
  const dropped: string[] = [];
  for (const { key, value } of [...rows.items]) {
    const attr = attrOf(value);
    if (attr === undefined) continue;
    if (has(attr)) mapped.add(attr.toLowerCase());
    else {
      rows.delete(key);
      dropped.push(attr);
    }
  }
  const create = document.get("create");
  if (isMap(create))
    for (const { key } of [...create.items])
      if (!has(String((key as { value?: unknown }).value ?? key))) create.delete(key);
  const id = document.getIn(["attributes", "externalId"]) as string | undefined;
  const unindexed = [id, attrOf(rows.get("userName", true))].filter(
    (attr): attr is string => attr !== undefined && facts(attr)?.isIndexed === false,
  );
  const lines = [
    ` Fitted to ${of} by \`${command}\`: say what else you want mapped, and run \`postern check\`.`,
    ...dropped.map(
      (attr) => ` Not in the schema of ${of}, or not allowed by the entries' classes, and so not mapped: ${attr}`,
    ),
    ...remarks,
    ...unindexed.map((attr) => ` ${attr} has no index in ${of}: give it one if Entra is to match by it.`),
  ];
  const others = inUse.filter(({ name }) => !mapped.has(name.toLowerCase()));
  const useOf = ({ name, entries }: AttributeUse) => `   ${name} (${entries})${describe(facts(name))}`;
  if (others.length > 0)
    rows.comment = [` Also in use in ${of}, by how many of those looked at:`, ...others.map(useOf)].join("\n");
  // The file's own comment at its top goes on in these lines.
  return document
    .toString({ lineWidth: 0 })
    .replace(/^(?:#.*\n)*/, (top) => top + lines.map((line) => `#${line}\n`).join(""));
}

function describe(facts: AttributeFacts | undefined): string {
  if (!facts) return "";
  const says = [facts.type, ...(facts.isSingle ? [] : ["several values"]), ...(facts.isIndexed ? ["indexed"] : [])];
  return `: ${says.join(", ")}`;
}
