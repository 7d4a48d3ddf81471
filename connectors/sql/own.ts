import { type Change, type Entry, valuesOf } from "../../src/connector/connector.ts";
import { columnIn, type Fixed, type TableName } from "./column.ts";
import type { OwnStatement, OwnStatements, OwnUpdate, SqlKind } from "./kind.ts";
import type { Settings } from "./settings.ts";
import { type Sql, sql } from "./sql.ts";

/** Tokens that may contain a colon without naming a parameter: literals, quoted names, comments, casts and assignments. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|::|:=|:(?:([A-Za-z_]\w*)|\{([^}]+)\})/g;

/** Parses a statement with its parameters: `:name`, or `:{any name}`. */
export function readStatement(text: string): OwnStatement {
  const parts: (string | { attr: string })[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const attr = match[2] ?? match[3];
    if (attr === undefined) continue;
    parts.push(text.slice(end, match.index), { attr });
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end).replace(/;\s*$/, ""));
  return { parts, attrs: new Set(parts.flatMap((part) => (typeof part === "string" ? [] : [part.attr]))) };
}

/** Parses a kind's custom statements. */
export function readStatements(given: Settings["kinds"][string]["statements"]): OwnStatements {
  const all = (each: string | readonly string[] = []) => [each].flat().map(readStatement);
  const steps = typeof given.update === "string" ? [{ when: undefined, sql: given.update }] : (given.update ?? []);
  return {
    create: all(given.create),
    update: steps.map(({ when, sql: text }) => ({ when, statement: readStatement(text) })),
    delete: all(given.delete),
    lock: given.lock === undefined ? undefined : readStatement(given.lock),
  };
}

/** A statement with an entry's values bound: NULL if absent, lists as JSON. */
export function boundStatement(kind: SqlKind, { parts }: OwnStatement, entry: Entry): Sql {
  return sql.join(
    parts.map((part) => (typeof part === "string" ? sql.raw(part) : sql`${parameterOf(kind, part.attr, entry)}`)),
    sql``,
  );
}

function parameterOf(kind: SqlKind, attr: string, entry: Entry): unknown {
  const values = valuesOf(entry, attr);
  if (kind.lists[attr]) return JSON.stringify(values);
  const [value] = values;
  if (value === undefined) return null;
  const lookup = kind.lookups[attr];
  const column = lookup ? columnIn(lookup.columns, lookup.value, kind.dialect) : kind.columns.get(attr);
  if (column) return kind.dialect.toDatabase(value, column);
  // Values without a column are passed as they are, and the statement decides their type.
  if (typeof value === "object") return JSON.stringify(value);
  return typeof value === "boolean" ? Number(value) : value;
}

/** Reports whether a statement is a single insert into a table. */
export function insertsInto({ parts }: OwnStatement, { table }: TableName): boolean {
  const text = parts.map((part) => (typeof part === "string" ? part : "?")).join("");
  const into = /^\s*insert\s+(?:ignore\s+)?into\s+(?:[`"\w[\]]+\.)?([`"[]?)([^`"\s(\]]+)\1?\]?/i.exec(text)?.[2];
  return into?.toLowerCase() === table.toLowerCase();
}

/** How changes are made: by custom statements, and by the table and its lists. */
export interface Division {
  readonly statements: readonly OwnStatement[];
  readonly taken: readonly Change[];
  readonly rest: readonly Change[];
}

/** Divides changes among custom statements and the table. `after` is the entry after the changes. */
export function divide(kind: SqlKind, changes: readonly Change[], after: Entry): Division {
  const { update } = kind.statements;
  const isNamed = ({ when }: OwnUpdate, attr: string): boolean => {
    if (when === undefined) return false;
    if (Array.isArray(when)) return when.includes(attr);
    return attr in when && isValue(kind, attr, after, (when as Fixed)[attr]!);
  };
  const named = changes.filter(({ attr }) => update.some((step) => isNamed(step, attr)));
  const others = changes.filter((change) => !named.includes(change));
  const general = update.find(({ when }) => when === undefined);
  const ofGeneral = general ? others.filter(({ attr }) => !kind.lists[attr] || general.statement.attrs.has(attr)) : [];
  const taken = [...named, ...ofGeneral];
  const runs = (step: OwnUpdate) =>
    step === general ? ofGeneral.length > 0 : changes.some(({ attr }) => isNamed(step, attr));
  return {
    statements: update.filter(runs).map(({ statement }) => statement),
    taken,
    rest: changes.filter((change) => !taken.includes(change)),
  };
}

function isValue(kind: SqlKind, attr: string, after: Entry, wanted: Fixed[string]): boolean {
  const [value] = valuesOf(after, attr);
  if (wanted === null || value === undefined) return wanted === null && value === undefined;
  const column = columnIn(kind.columns, attr, kind.dialect);
  return kind.dialect.toDatabase(value, column) === kind.dialect.toDatabase(wanted, column);
}
