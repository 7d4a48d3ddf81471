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

/** Where an attribute's values are in a column of JSON: `profile.contact.phone` in the column profile; with no names, all of it. */
export interface DocumentPath {
  readonly column: string;
  readonly names: readonly string[];
  /** Whether it holds a list, even of one value: otherwise what is one there stays one. */
  readonly isList: boolean;
}

/** The place of an attribute in a column that the configuration says holds JSON; undefined for one that is a column itself. */
export function pathIn({ json, columns, mapped }: SqlKind, attr: string): DocumentPath | undefined {
  if (json.length === 0) return undefined;
  const isList = mapped?.lists.includes(attr) === true;
  if (isList && json.includes(attr)) return { column: attr, names: [], isList };
  const [column = "", ...names] = attr.split(".");
  const isPlace = names.length > 0 && names.every((name) => name !== "") && json.includes(column) && !columns.has(attr);
  return isPlace ? { column, names, isList } : undefined;
}

/** What a column of JSON is called in a row, where it is read for attributes within it. */
export const documentName = (column: string): string => `json ${column}`;

/** A column of JSON as text, as it is written: drivers read numbers otherwise than they are. */
export const documentSql = (kind: SqlKind, column: string): Sql =>
  sql`${kind.dialect.castToText(columnSql(kind.name, column))} as ${sql.id(documentName(column))}`;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isNumber(value);

const { rawJSON, isRawJSON } = JSON as unknown as {
  readonly rawJSON: (text: string) => unknown;
  readonly isRawJSON: (value: unknown) => value is { readonly rawJSON: string };
};
/** Whether a value is a number that JavaScript does not hold: it goes back as it was written. */
const isNumber = (value: unknown): value is { readonly rawJSON: string } => isRawJSON(value);

/** What a column of JSON holds; undefined for nothing. Throws `invalid` where it is no JSON. */
function documentOf(text: unknown, attr: string): unknown {
  if (text === null || text === undefined || text === "") return undefined;
  try {
    return parseExactly(String(text), rawJSON);
  } catch {
    throw noPlace(attr, "the column holds text that is no JSON");
  }
}

const noPlace = (attr: string, why: string) =>
  new ConnectorError("invalid", `There is no place for "${attr}": ${why}, which is left as it is.`, { attr });

/** The documents of a row that was read, by their columns: one that is no JSON holds nothing. */
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

/** An object whose numbers are what entries have for them. */
const plain = (value: unknown): unknown => parseExactly(JSON.stringify(value), String);

type Paths = ReadonlyMap<string, DocumentPath>;

/** A document with the values of some attributes put at their places, or taken away: what else it holds stays. */
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

/** What is at a place once the values are put below it; undefined for nothing. Throws `invalid` where no object is on the way. */
function put(held: unknown, [name, ...more]: readonly string[], what: Put): unknown {
  if (name === undefined) return putHere(held, what);
  const object = held ?? {};
  if (!isObject(object)) {
    if (what.values.length === 0) return held;
    throw noPlace(what.attr, "something else than an object is on the way there");
  }
  const before = Object.hasOwn(object, name) ? object[name] : undefined;
  const after = put(before, more, what);
  if (after !== undefined) return { ...object, [name]: after };
  const { [name]: _, ...others } = object;
  return before === undefined ? held : others;
}

/** What was a list stays one, of one value or of none; and what stays in it stays as it was written. */
function putHere(held: unknown, { path: { isList }, values }: Put): unknown {
  const kept = new Map([held].flat().flatMap((each) => asValue(each).map((value) => [JSON.stringify(value), each])));
  const next = values.map((value) => kept.get(JSON.stringify(value)) ?? value);
  if (next.length === 0) return Array.isArray(held) ? [] : undefined;
  return isList || Array.isArray(held) || next.length > 1 ? next : next[0];
}

/** Of some attributes those that are within documents, by the column. */
function byColumn(kind: SqlKind, attrs: readonly string[]): Map<string, Paths> {
  const result = new Map<string, Map<string, DocumentPath>>();
  for (const attr of attrs) {
    const path = pathIn(kind, attr);
    if (path) result.set(path.column, (result.get(path.column) ?? new Map()).set(attr, path));
  }
  return result;
}

/** An entry to create, whose attributes within documents are put together into these. */
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

/** A document as the one value of its column: text where the column is one of text. */
const inColumn = (kind: SqlKind, column: string, document: unknown): readonly Value[] =>
  document === undefined
    ? []
    : [columnOf(kind, column).type === "json" ? (document as Value) : JSON.stringify(document)];

/**
 * Changes with those of attributes within documents as changes of the whole documents: these are read in the transaction, which keeps
 * others from changing them. Rejects with `versionMismatch` where a swap's value is no longer there.
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

/** Those changes, and the statement that reads the documents, where what these hold is not known. */
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

/** Changes of what is within documents, by the column, and the others. */
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
 * Refuses attributes of which one write would undo another: a place in a document beside the whole document or a place around it; and
 * those that only one entry may hold, which no index keeps apart. Throws a `SettingError`.
 */
export function checkDocuments(name: string, json: readonly string[], { writes, unique }: Mapped): void {
  const isWithin = (attr: string) => json.some((column) => attr.startsWith(`${column}.`));
  for (const attr of writes) {
    const around = isWithin(attr) && writes.find((other) => attr.startsWith(`${other}.`));
    if (around)
      throw new SettingError(
        `the mapping of ${name} writes both "${around}" and "${attr}" within it: map one`,
        `kinds.${name}`,
      );
  }
  const [first] = unique.filter(({ attr }) => isWithin(attr));
  if (first)
    throw new SettingError(
      `the mapping of ${name} has "${first.attr}" for what is unique, which nothing ensures within JSON: map a column`,
      `kinds.${name}`,
    );
}
