import type { Condition, Connector, Entry, Services, Support, Value } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import sql from "../sql/index.ts";
import { columnNamed, firstOf, LINE, type Loaded, OWN, PROBLEMS, repeatedOf } from "./load.ts";
import type { Settings } from "./settings.ts";

/** What is known about attributes without a file. */
export interface Attributes {
  readonly supports: (kind: string, condition: Condition) => Support;
  readonly isSingle: (kind: string, attr: string) => boolean;
  readonly sorts: (kind: string, attr: string) => boolean;
  readonly kinds: Connector["kinds"];
}

type ColumnType = Settings["columns"][string]["as"];

/** The types of attributes other than text, by name. */
function typesOf({ columns }: Settings): ReadonlyMap<string, ColumnType> {
  return new Map(Object.entries(columns).map(([header, { name, as }]) => [name ?? header, as]));
}

/** The kinds of the database that a file is loaded into. */
function sqlKinds(settings: Settings) {
  return Object.fromEntries(
    Object.entries(settings.kinds).map(([name, { key, rows }], kind) => [
      name,
      rows
        ? {
            table: "data",
            rows: {
              by: columnNamed(rows.by, settings),
              order: [...rows.order.map((each) => columnNamed(each, settings)), LINE],
              maximum: rows.maximum,
            },
          }
        : {
            table: "data",
            key: { column: columnNamed(key!, settings), type: "text" as const },
            where: { [firstOf(kind)]: 1 },
          },
    ]),
  );
}

/** Opens the SQL connector on the database of a loaded file. */
export const openSql = (settings: Settings, file: string, services: Services): Connector =>
  sql.open(sql.config.parse({ dialect: "sqlite", file, kinds: sqlKinds(settings) }), services);

/** Everything that follows from the settings; `inner` is a SQL connector with the same kinds. */
export function attributesOf(settings: Settings, inner: Connector): Attributes {
  const types = typesOf(settings);
  const isList = (attr: string) => attr === "problems" || types.get(attr) === "list";
  return {
    kinds: inner.kinds,
    isSingle: (kind, attr) => !isList(attr) && inner.isSingle!(kind, attr),
    sorts: (kind, attr) => !isList(attr) && inner.sorts(kind, ownAttr(attr)),
    supports: (kind, condition) => {
      if (!("attr" in condition)) return inner.supports(kind, condition);
      if (isList(condition.attr)) return "none";
      // The database stores numbers for truth values.
      if (types.get(condition.attr) === "boolean" && condition.op !== "pr")
        return condition.op === "eq" && typeof condition.value === "boolean" ? "exact" : "none";
      return inner.supports(kind, { ...condition, attr: ownAttr(condition.attr) });
    },
  };
}

/** The name of an attribute in the database. */
const ownAttr = (attr: string): string => (attr === "line" ? LINE : attr);

/** A condition in terms of the database's values. */
export function toSql(condition: Condition): Condition {
  switch (condition.op) {
    case "and":
    case "or":
      return { op: condition.op, conditions: condition.conditions.map(toSql) };
    case "not":
      return { op: "not", condition: toSql(condition.condition) };
    default: {
      const attr = ownAttr(condition.attr);
      if (!("value" in condition)) return { ...condition, attr };
      const { value } = condition;
      return { ...condition, attr, value: typeof value === "boolean" ? Number(value) : value };
    }
  }
}

/** Converts rows of a loaded file to entries. */
export function createEntries(settings: Settings, loaded: Loaded, name: string) {
  const types = typesOf(settings);
  const columns = new Set(loaded.columns);
  const kinds = [...Object.entries(settings.kinds)];
  const typedValue = (attr: string, value: Value): Entry[string] => {
    switch (types.get(attr)) {
      case "boolean":
        return value === 1;
      case "list":
        return JSON.parse(String(value)) as Value[];
      default:
        return value;
    }
  };
  const problemsOf = (row: Entry, kind: number, key: string): string[] => {
    const own = row[PROBLEMS] === undefined ? [] : (JSON.parse(String(row[PROBLEMS])) as string[]);
    const lines = row[repeatedOf(kind)];
    if (lines === undefined) return own;
    return [
      ...own,
      `lines ${String(lines)} have the same ${key}: the first is used. If a person may have several rows, set \`rows: { by: ${key} }\`.`,
    ];
  };
  const entryOf = (row: Entry, kind: number, key: string, isWanted: (attr: string) => boolean): Entry => {
    const entry: Record<string, Entry[string]> = {};
    for (const [attr, value] of Object.entries(row))
      if (value !== undefined && !attr.startsWith(OWN) && isWanted(attr))
        entry[attr] = typedValue(attr, value as Value);
    if (row[LINE] !== undefined && isWanted("line")) entry.line = row[LINE];
    const problems = isWanted("problems") ? problemsOf(row, kind, key) : [];
    if (problems.length > 0) entry.problems = problems;
    return entry;
  };
  return {
    /** The attributes to request from the database. Rejects for a column that the file lacks. */
    asked: (kindName: string, attrs: readonly string[]): readonly string[] => {
      const kind = kinds.findIndex(([each]) => each === kindName);
      const { rows } = kinds[kind]![1];
      if (rows) return attrs.includes("problems") && !attrs.includes("rows") ? [...attrs, "rows"] : attrs;
      return attrs.flatMap((attr) => {
        if (attr === "line") return [LINE];
        if (attr === "problems") return [PROBLEMS, repeatedOf(kind)];
        if (columns.has(attr)) return [attr];
        throw new ConnectorError(
          "unavailable",
          `${name} has no column ${JSON.stringify(attr)}, which the mapping reads. It has ${loaded.columns.map((each) => JSON.stringify(each)).join(", ")}.`,
          { isAnswered: true },
        );
      });
    },
    entry: (kindName: string, attrs: readonly string[], found: Entry): Entry => {
      const kind = kinds.findIndex(([each]) => each === kindName);
      const { key, rows } = kinds[kind]![1];
      if (!rows) {
        const keyAttr = columnNamed(key!, settings);
        // Pages include the key, whether requested or not.
        return entryOf(found, kind, keyAttr, (attr) => attr === keyAttr || attrs.length === 0 || attrs.includes(attr));
      }
      const list = ((found.rows ?? []) as readonly Entry[]).map((row) => entryOf(row, kind, rows.by, () => true));
      const problems = list.flatMap((row) => (row.problems ?? []) as readonly string[]);
      const { rows: _, ...rest } = found;
      return {
        ...rest,
        ...(attrs.includes("rows") && { rows: list as readonly Value[] }),
        ...(attrs.includes("problems") && problems.length > 0 && { problems }),
      };
    },
  };
}
