import { stringify } from "yaml";
import { onOneLine } from "../../../src/connector/kit/text.ts";
import type { CatalogueTable, ForeignKey } from "../catalogue.ts";
import { joinParts } from "../keys.ts";
import type { Settings } from "../settings.ts";
import {
  activeCodec,
  activeColumn,
  deletedColumn,
  type GuessedRow,
  guessRows,
  isBoolean,
  isBytes,
  isSameTable,
  isText,
  isTime,
  joinOf,
  managerKey,
  nameColumn,
  passwordColumn,
  referenceTo,
} from "./guess.ts";
import { guessMails } from "./lists.ts";

/** What is looked at of the rows themselves. */
export interface Samples {
  /** The values of a column, as far as there are few. */
  readonly values: (table: CatalogueTable, column: string) => Promise<readonly unknown[]>;
  /** What the values of a column begin with, seven characters. */
  readonly beginnings: (table: CatalogueTable, column: string) => Promise<readonly string[]>;
}

/** A first configuration's kinds, line by line, the mappings, and what is to be said of them. */
export interface Draft {
  readonly kinds: readonly string[];
  readonly mappings: readonly { readonly file: string; readonly text: string }[];
  readonly notes: readonly string[];
}

/** What is known of a kind while it is drafted. */
interface KindDraft {
  readonly name: "user" | "group";
  readonly table: CatalogueTable;
  readonly settings: Record<string, unknown>;
  readonly lists: Record<string, Record<string, unknown>>;
  readonly lookups: Record<string, unknown>;
  readonly rows: GuessedRow[];
  readonly create: Record<string, string>;
  readonly marks: string[];
}

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trimEnd();

const NOW: Readonly<Record<Settings["dialect"], string>> = {
  sqlite: "strftime('%Y-%m-%dT%H:%M:%fZ')",
  postgres: "now()",
  mysql: "now(3)",
  mssql: "sysutcdatetime()",
};
const isInteger = (type: string): boolean => /^(tiny|small|medium|big)?int/.test(type);

/** Drafts the kinds and mappings of a table of users, and of one of groups where there is one. */
export async function draftTables(
  dialect: Settings["dialect"],
  tables: readonly CatalogueTable[],
  users: CatalogueTable,
  groups: CatalogueTable | undefined,
  samples: Samples,
): Promise<Draft> {
  const user = draftKind("user", users, dialect);
  const group = groups && draftKind("group", groups, dialect);
  await draftAccount(user, samples);
  draftManager(user);
  draftLookups(user, tables, groups);
  draftMails(user, tables, dialect);
  if (group) draftMembers(user, group, tables, dialect);
  const drafted = group ? [user, group] : [user];
  for (const kind of drafted) markRequired(kind);
  markOthers(user, tables, group);
  return {
    kinds: drafted.flatMap(kindLines),
    mappings: drafted.map((kind) => ({ file: `${kind.name}.yaml`, text: mappingText(kind) })),
    notes: [
      `Users: the table ${users.name.table}. ${groups ? `Groups: the table ${groups.name.table}.` : "No table looks like one of groups."}`,
      ...drafted.flatMap(({ name, marks, rows }) => [
        ...marks.map((mark) => `${name}: ${mark}`),
        ...rows.flatMap(({ path, why }) => (why === undefined ? [] : [`${name}: ${path}: ${why}`])),
      ]),
    ],
  };
}

function draftKind(name: "user" | "group", table: CatalogueTable, dialect: Settings["dialect"]): KindDraft {
  const marks: string[] = [];
  const settings: Record<string, unknown> = { ...table.name };
  const columns = table.primaryKey.map((key) => table.columns.find((each) => each.name === key)!);
  const [first] = columns;
  if (!first) {
    marks.push(`${table.name.table} has no primary key: name the column that identifies its rows`);
    settings.key = { column: "CHOOSE_A_COLUMN" };
  } else if (columns.length > 1) settings.key = { column: table.primaryKey };
  else {
    const type = isInteger(first.type) ? "integer" : "text";
    const isUuid = /^(uuid|uniqueidentifier|binary\(16\)|char\(36\))/.test(first.type);
    settings.key = {
      ...(first.name !== "id" && { column: first.name }),
      ...(type === "text" && { type }),
      ...(isUuid && first.isRequired && { generate: "uuid" }),
    };
    if (Object.keys(settings.key as object).length === 0) delete settings.key;
  }
  const deleted = deletedColumn(table);
  if (deleted) {
    const [out, away] =
      isTime(deleted.type) || isText(deleted)
        ? [null, { sql: NOW[dialect] }]
        : isBoolean(deleted.type)
          ? [false, true]
          : [0, 1];
    settings.where = { [deleted.name]: out };
    settings.deletedBy = { [deleted.name]: away };
  }
  const rows = guessRows(table, name === "user" ? "users" : "groups");
  const texts = rows.flatMap(({ to }) => table.columns.filter((each) => each.name === to && isBytes(each)));
  if (texts.length > 0) settings.text = texts.map((each) => each.name);
  const changed = rows.find(({ path }) => path === "meta.lastModified")?.to as { attr: string } | undefined;
  if (changed) settings.updatedBy = { [changed.attr]: { sql: NOW[dialect] } };
  return { name, table, settings, lists: {}, lookups: {}, rows, create: {}, marks };
}

/** Whether an account may be used, and its password. */
async function draftAccount({ table, rows, settings }: KindDraft, samples: Samples): Promise<void> {
  const active = activeColumn(table);
  if (active) {
    const { as, why } = activeCodec(active, await samples.values(table, active.column.name));
    rows.push({ path: "active", to: { attr: active.column.name, as }, ...(why !== undefined && { why }) });
  }
  const password = passwordColumn(table);
  if (!password) return;
  if (isBytes(password)) settings.text = [...((settings.text as string[]) ?? []), password.name];
  const hash = hashOf(await samples.beginnings(table, password.name));
  rows.push({
    path: "password",
    to: { writeOnly: true, write: { [password.name]: hash.expression } },
    ...(hash.why !== undefined && { why: hash.why }),
  });
}

/** What made hashes that begin so. */
function hashOf(beginnings: readonly string[]): { expression: string; why?: string } {
  const is = (...starts: string[]) => beginnings.some((each) => starts.some((start) => each.startsWith(start)));
  if (is("$2y$")) return { expression: '$bcrypt(password, {"version": "2y"})' };
  if (is("$2b$", "$2a$")) return { expression: "$bcrypt(password)" };
  if (is("$argon2")) return { expression: "$argon2id(password)" };
  if (is("$scrypt")) return { expression: "$scrypt(password)" };
  if (is("$pbkdf2")) return { expression: "$pbkdf2(password)" };
  if (is("pbkdf2_")) return { expression: '$pbkdf2(password, {"format": "django"})' };
  if (is("$6$")) return { expression: "$sha512crypt(password)" };
  if (is("$5$")) return { expression: "$sha256crypt(password)" };
  return {
    expression: "$bcrypt(password)",
    why: "how the application hashes passwords is not known: choose what it takes",
  };
}

function draftManager({ table, rows, lookups, settings }: KindDraft): void {
  const key = managerKey(table);
  if (!key) return;
  const [column] = key.columns;
  const [to] = key.to;
  const isToKey = key.columns.length === 1 && to === table.primaryKey[0];
  if (key.columns.length > 1) settings.joined = { manager: key.columns };
  else if (!isToKey) lookups.manager = { column, ...table.name, key: to, value: table.primaryKey[0] };
  rows.push({
    path: "enterprise:manager.value",
    to: { attr: isToKey ? column : "manager", ref: "User" },
    why: "a reference to the table itself is taken for the manager's",
  });
}

const LOOKUPS: readonly (readonly [RegExp, string])[] = [
  [/^dep(ar)?t(ment)?s?$/, "department"],
  [/^divisions?$/, "division"],
  [/^(organi[sz]ations?|compan(y|ies))$/, "organization"],
  [/^cost_?cent(er|re)s?$/, "costCenter"],
];

/** Values in other tables that a column refers to, where their name says what they are. */
function draftLookups(
  { table, rows, lookups, marks }: KindDraft,
  tables: readonly CatalogueTable[],
  groups: CatalogueTable | undefined,
) {
  for (const { columns, table: to, to: key } of table.foreignKeys) {
    const target = tables.find(({ name }) => isSameTable(name, to));
    if (!target || target === table || target === groups || columns.length > 1) continue;
    const name = nameColumn(target);
    const meaning = LOOKUPS.find(([pattern]) => pattern.test(to.table.toLowerCase()))?.[1];
    const lookup = { column: columns[0], ...to, ...(key[0] !== "id" && { key: key[0] }), value: name?.name };
    const path = `enterprise:${meaning}`;
    if (name && meaning && !rows.some((row) => row.path === path)) {
      lookups[meaning] = lookup;
      rows.push({ path, to: meaning });
    } else if (name)
      marks.push(`${columns[0]} refers to ${to.table}: perhaps a lookup, ${flow({ [to.table]: lookup })}`);
  }
}

/** Mail addresses in a table of their own, where the users' has none. */
function draftMails(user: KindDraft, tables: readonly CatalogueTable[], dialect: Settings["dialect"]): void {
  if (user.rows.some(({ path }) => path.startsWith("emails"))) return;
  const mails = guessMails(tables, user.table, NOW[dialect]);
  if (!mails) return;
  user.lists.mails = mails.list;
  user.rows.push({ path: 'emails[type eq "work"].value', to: "mails", why: `those of ${mails.table.name.table}` });
  for (const name of mails.ungiven)
    user.marks.push(`a row of ${mails.table.name.table} must be given "${name}": say what by "set" of the list`);
}

/** Who is a member of what, where a table joins the two. */
function draftMembers(
  user: KindDraft,
  group: KindDraft,
  tables: readonly CatalogueTable[],
  dialect: Settings["dialect"],
): void {
  const join = joinOf(tables, user.table, group.table);
  if (!join) {
    user.marks.push(
      `no table joins ${user.table.name.table} and ${group.table.name.table}: memberships are not mapped`,
    );
    return;
  }
  const { table, ofOne, ofOther } = join;
  const columns = (key: ForeignKey) => (key.columns.length === 1 ? key.columns[0] : key.columns);
  const listName = (key: ForeignKey) => `${joinParts(key.columns)}s`;
  const set = Object.fromEntries(
    table.columns
      .filter(({ name, isRequired }) => isRequired && ![...ofOne.columns, ...ofOther.columns].includes(name))
      .flatMap(({ name, type }) => {
        if (isTime(type)) return [[name, { sql: NOW[dialect] }]];
        group.marks.push(`a row of ${table.name.table} must be given "${name}": say what by "set" of the list`);
        return [];
      }),
  );
  const given = Object.keys(set).length > 0 && { set };
  user.lists[listName(ofOther)] = { ...table.name, owner: columns(ofOne), value: columns(ofOther) };
  group.lists[listName(ofOne)] = {
    ...table.name,
    owner: columns(ofOther),
    value: columns(ofOne),
    ...(user.settings.where !== undefined && { of: "user" }),
    ...given,
  };
  user.rows.push({ path: "groups", to: { attr: listName(ofOther), ref: "Group", many: true, readOnly: true } });
  group.rows.push({ path: "members", to: { attr: listName(ofOne), ref: "User", many: true } });
}

/** The columns that a draft writes: in its rows, its settings, what it creates. */
function writtenColumns({ rows, settings, lookups, create, table }: KindDraft): Set<string> {
  const ofRow = ({ to }: GuessedRow): string[] =>
    typeof to === "string" ? [to] : to.write ? Object.keys(to.write as object) : [String(to.attr)];
  const ofLookups = Object.values(lookups).map((lookup) => (lookup as { column: string }).column);
  const joined = Object.values((settings.joined ?? {}) as Record<string, string[]>).flat();
  const fixed = ["where", "deletedBy", "updatedBy"].flatMap((name) => Object.keys((settings[name] ?? {}) as object));
  return new Set([
    ...table.primaryKey,
    ...rows.flatMap(ofRow),
    ...ofLookups,
    ...joined,
    ...fixed,
    ...Object.keys(create),
  ]);
}

/** What a new row must be given and no row of the mapping gives. */
function markRequired(kind: KindDraft): void {
  const written = writtenColumns(kind);
  const { table, settings, create, marks } = kind;
  const readOnly = kind.rows.flatMap(({ to }) => (typeof to !== "string" && to.readOnly ? [String(to.attr)] : []));
  const key = (settings.key ?? {}) as { generate?: unknown };
  for (const { name, type, isRequired } of table.columns) {
    if (!isRequired || (written.has(name) && !readOnly.includes(name) && !table.primaryKey.includes(name))) continue;
    if (table.primaryKey.includes(name)) {
      const isGiven = key.generate !== undefined || kind.rows.some(({ to }) => to === name);
      if (!isGiven)
        marks.push(`nothing makes the key "${name}": say who does by key.generate, or by the mapping's "create"`);
    } else if (isTime(type)) create[name] = "$now()";
    else marks.push(`a row of ${table.name.table} must be given "${name}": map it, or give it a value in "create"`);
  }
}

/** What else there is that may be wanted: what refers to users, and by its name what is theirs. */
function markOthers(user: KindDraft, tables: readonly CatalogueTable[], group: KindDraft | undefined): void {
  const joined = Object.values(user.lists).map(({ table }) => table);
  for (const table of tables) {
    const isTheirs = /mail|phone|address|contact|profile/i.test(table.name.table);
    const reference = isTheirs
      ? referenceTo(table, user.table)
      : table.foreignKeys.find((key) => isSameTable(key.table, user.table.name));
    if (!reference || table === user.table || table === group?.table || joined.includes(table.name.table)) continue;
    const others = table.columns.filter(({ name }) => !reference.columns.includes(name)).map(({ name }) => name);
    user.marks.push(`rows of ${table.name.table} (${others.join(", ")}) belong to users: perhaps a list`);
  }
}

function kindLines({ name, settings, lists, lookups, marks }: KindDraft): string[] {
  const fields = Object.entries(settings).map(([field, value]) => `  ${field}: ${flow(value)}`);
  const nested = (what: string, all: Readonly<Record<string, unknown>>) =>
    Object.keys(all).length === 0
      ? []
      : [`  ${what}:`, ...Object.entries(all).map(([attr, value]) => `    ${flow(attr)}: ${flow(value)}`)];
  return [
    ...marks.map((mark) => `# ? ${onOneLine(mark)}`),
    `${name}:`,
    ...fields,
    ...nested("lookups", lookups),
    ...nested("lists", lists),
  ];
}

function mappingText(kind: KindDraft): string {
  const { name, table, rows, create, marks } = kind;
  const id = table.primaryKey.length > 0 ? joinParts(table.primaryKey) : "CHOOSE_A_COLUMN";
  const single = table.primaryKey.length === 1 ? table.columns.find(({ name: each }) => each === id) : undefined;
  const isNumber = single !== undefined && isInteger(single.type);
  const all: GuessedRow[] = [
    { path: "id", to: { attr: id, ...(isNumber && { as: "string" }), readOnly: true } },
    ...rows,
  ];
  const written = writtenColumns(kind);
  const unmapped = table.columns.filter((column) => !written.has(column.name));
  const lines = all.flatMap(({ path, to, why }) => [
    ...(why === undefined ? [] : [`  # ? ${onOneLine(why)}`]),
    `  ${flow(path)}: ${flow(to)}`,
  ]);
  const created = Object.entries(create).map(([attr, expression]) => `  ${flow(attr)}: ${flow(expression)}`);
  return `# yaml-language-server: $schema=../schemas/mapping.schema.json
# Drafted from the table ${onOneLine(table.name.table)} by \`postern init sql\`. What is marked by # ? was guessed, or is missing.
${marks.map((mark) => `# ? ${onOneLine(mark)}\n`).join("")}resource: ${name === "user" ? "User" : "Group"}
kind: ${name}
attributes:
${lines.join("\n")}
${created.length > 0 ? `create:\n${created.join("\n")}\n` : ""}${unmapped.length > 0 ? `# Not mapped: ${unmapped.map((column) => `${onOneLine(column.name)} (${column.type})`).join(", ")}\n` : ""}`;
}
