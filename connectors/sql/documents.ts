import {
  type Change,
  type Entry,
  fromValues,
  type Mapped,
  type Value,
  valuesOf,
} from "../../src/connector/connector.ts";
import { ConnectorError, SettingError } from "../../src/connector/error.ts";
import { applyChanges } from "../../src/connector/reference.ts";
import { parseExactly } from "../../src/json/exact.ts";
import { isKeyed } from "./keys.ts";
import { allOf, columnOf, columnSql, type SqlKind, tableSql } from "./kind.ts";
import type { Run } from "./session.ts";
import { type Sql, sql } from "./sql.ts";

type Json = Readonly<Record<string, unknown>>;

/** The place of an attribute in a JSON column: `profile.contact.phone` in the column profile. No names mean the whole document. */
export interface DocumentPath {
  readonly column: string;
  readonly names: readonly string[];
  /** Whether it holds a list, even of one value. Otherwise a single value is stored as such. */
  readonly isList: boolean;
}

/** The place of an attribute in a configured JSON column; undefined if the attribute is a column. */
export function pathIn({ json, columns, mapped }: SqlKind, attr: string): DocumentPath | undefined {
  if (json.length === 0) return undefined;
  const isList = mapped?.lists.includes(attr) === true;
  if (isList && json.includes(attr)) return { column: attr, names: [], isList };
  const [column = "", ...names] = attr.split(".");
  const isPlace = names.length > 0 && names.every((name) => name !== "") && json.includes(column) && !columns.has(attr);
  return isPlace ? { column, names, isList } : undefined;
}

/** The result name of a JSON column that is read for attributes within it. */
export const documentName = (column: string): string => `json ${column}`;

/** A JSON column as text: drivers would change its numbers. */
export const documentSql = (kind: SqlKind, column: string): Sql =>
  sql`${kind.dialect.castToText(columnSql(kind.name, column))} as ${sql.id(documentName(column))}`;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isNumber(value);

const { rawJSON, isRawJSON } = JSON as unknown as {
  readonly rawJSON: (text: string) => unknown;
  readonly isRawJSON: (value: unknown) => value is { readonly rawJSON: string };
};
/** Reports whether a value is a number that JavaScript cannot represent; it is written back unchanged. */
const isNumber = (value: unknown): value is { readonly rawJSON: string } => isRawJSON(value);

/** Parses a JSON column; undefined if empty. Throws `invalid` for invalid JSON. */
function documentOf(text: unknown, attr: string): unknown {
  if (text === null || text === undefined || text === "") return undefined;
  try {
    return parseExactly(String(text), rawJSON);
  } catch {
    throw noPlace(attr, "the column contains invalid JSON");
  }
}

const noPlace = (attr: string, why: string) =>
  new ConnectorError("invalid", `"${attr}" cannot be stored: ${why}. The document is unchanged.`, { attr });

/** The documents of a row by column. Invalid JSON counts as empty. */
export function documentsOf(kind: SqlKind, row: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  return new Map(
    kind.json.map((column) => {
      try {
        return [column, documentOf(row[documentName(column)], column)];
      } catch {
        return [column, undefined];
      }
    }),
  );
}

/** The values at a path of a document. */
export function valuesAt(document: unknown, { names }: DocumentPath): Entry[string] {
  let at = document;
  for (const name of names) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return fromValues([at].flat().flatMap(asValue));
}

const asValue = (value: unknown): Value[] => {
  if (value === undefined || value === null || value === "") return [];
  return [isNumber(value) ? value.rawJSON : isObject(value) ? (plain(value) as Value) : (value as Value)];
};

/** Converts a document's numbers to entry values. */
const plain = (value: unknown): unknown => parseExactly(JSON.stringify(value), String);

type Paths = ReadonlyMap<string, DocumentPath>;

/** A document with the values of attributes set or removed. Everything else is kept. */
function withValues(document: unknown, paths: Paths, entry: Entry): unknown {
  let result = document;
  for (const [attr, path] of paths) result = put(result, path.names, { attr, path, values: valuesOf(entry, attr) });
  return result;
}

interface Put {
  readonly attr: string;
  readonly path: DocumentPath;
  readonly values: readonly Value[];
}

/** The content of a place after setting values below it; undefined for none. Throws `invalid` if something on the path is not an object. */
function put(held: unknown, [name, ...more]: readonly string[], what: Put): unknown {
  if (name === undefined) return putHere(held, what);
  const object = held ?? {};
  if (!isObject(object)) {
    if (what.values.length === 0) return held;
    throw noPlace(what.attr, "its path leads through a value that is not an object");
  }
  const before = Object.hasOwn(object, name) ? object[name] : undefined;
  const after = put(before, more, what);
  if (after !== undefined) return { ...object, [name]: after };
  const { [name]: _, ...others } = object;
  return before === undefined ? held : others;
}

/** A list stays a list, whatever its length, and unchanged elements stay as written. */
function putHere(held: unknown, { path: { isList }, values }: Put): unknown {
  const kept = new Map([held].flat().flatMap((each) => asValue(each).map((value) => [JSON.stringify(value), each])));
  const next = values.map((value) => kept.get(JSON.stringify(value)) ?? value);
  if (next.length === 0) return Array.isArray(held) ? [] : undefined;
  return isList || Array.isArray(held) || next.length > 1 ? next : next[0];
}

/** The attributes within documents, by column. */
function byColumn(kind: SqlKind, attrs: readonly string[]): Map<string, Paths> {
  const result = new Map<string, Map<string, DocumentPath>>();
  for (const attr of attrs) {
    const path = pathIn(kind, attr);
    if (path) result.set(path.column, (result.get(path.column) ?? new Map()).set(attr, path));
  }
  return result;
}

/** An entry to create, with attributes within documents combined into documents. */
export function withDocuments(kind: SqlKind, entry: Entry): Entry {
  const columns = byColumn(kind, Object.keys(entry));
  const others = Object.fromEntries(Object.entries(entry).filter(([attr]) => !pathIn(kind, attr)));
  const isWanted = (column: string) => kind.columns.get(column)?.isRequired === true && others[column] === undefined;
  const documents = kind.json
    .filter((column) => columns.has(column) || isWanted(column))
    .map((column) => {
      const empty = pathIn(kind, column) ? [] : {};
      return [column, inColumn(kind, column, withValues(empty, columns.get(column) ?? new Map(), entry))] as const;
    });
  return { ...others, ...Object.fromEntries(documents) };
}

/** A document as its column's value: text for a text column. */
const inColumn = (kind: SqlKind, column: string, document: unknown): readonly Value[] =>
  document === undefined
    ? []
    : [columnOf(kind, column).type === "json" ? (document as Value) : JSON.stringify(document)];

/**
 * Converts changes within documents to changes of whole documents, which are read in the transaction and locked. Rejects with
 * `versionMismatch` if a swap's old value is no longer there.
 */
export async function documentChanges(
  run: Run,
  kind: SqlKind,
  key: string,
  changes: readonly Change[],
): Promise<readonly Change[]> {
  const { columns, rest } = divided(kind, changes);
  if (columns.size === 0) return changes;
  const [row] = (await run(documentsStatement(kind, key, [...columns.keys()]))).rows as Record<string, unknown>[];
  if (!row) return rest;
  const documents = [...columns].flatMap(([column, { paths, own }]): Change[] => {
    const text = row[documentName(column)];
    const document = documentOf(text, own[0]!.attr);
    const before = Object.fromEntries([...paths].map(([attr, path]) => [attr, valuesAt(document, path)]));
    const after = applyChanges(before, own);
    if (JSON.stringify(after) === JSON.stringify(before)) return [];
    return [{ op: "replace", attr: column, values: inColumn(kind, column, withValues(document, paths, after)) }];
  });
  return [...rest, ...documents];
}

/** The same changes with unknown documents, and the statement that would read them. */
export function documentsUnknown(
  kind: SqlKind,
  key: string,
  changes: readonly Change[],
  unknown: string,
): { changes: readonly Change[]; read: readonly Sql[] } {
  const { columns, rest } = divided(kind, changes);
  const names = [...columns.keys()];
  if (names.length === 0) return { changes, read: [] };
  const documents = names.map((attr): Change => ({ op: "replace", attr, values: [unknown] }));
  return { changes: [...rest, ...documents], read: [documentsStatement(kind, key, names)] };
}

/** Divides changes into those within documents, by column, and others. */
function divided(kind: SqlKind, changes: readonly Change[]) {
  const attrs = changes.map(({ attr }) => attr);
  const columns = new Map(
    [...byColumn(kind, attrs)].map(([column, paths]) => [
      column,
      { paths, own: changes.filter(({ attr }) => paths.has(attr)) },
    ]),
  );
  return { columns, rest: changes.filter(({ attr }) => !pathIn(kind, attr)) };
}

const documentsStatement = (kind: SqlKind, key: string, columns: readonly string[]): Sql => {
  const selected = sql.join(columns.map((column) => documentSql(kind, column)));
  const { lockHint, forUpdate } = kind.dialect;
  return sql`select ${selected} from ${tableSql(kind.name)}${lockHint}${allOf([isKeyed(kind, key)])}${forUpdate}`;
};

/**
 * Refuses attributes whose writes would undo each other, such as a place within a document and one around it, and unique attributes within
 * documents, which no index can enforce. Throws a `SettingError`.
 */
export function checkDocuments(name: string, json: readonly string[], { writes, unique }: Mapped): void {
  const isWithin = (attr: string) => json.some((column) => attr.startsWith(`${column}.`));
  for (const attr of writes) {
    const around = isWithin(attr) && writes.find((other) => attr.startsWith(`${other}.`));
    if (around)
      throw new SettingError(
        `the mapping of ${name} writes both "${around}" and "${attr}" within it: map only one of them`,
        `kinds.${name}`,
      );
  }
  const [first] = unique.filter(({ attr }) => isWithin(attr));
  if (first)
    throw new SettingError(
      `the mapping of ${name} requires "${first.attr}" to be unique, which nothing ensures within JSON: map a column`,
      `kinds.${name}`,
    );
}
