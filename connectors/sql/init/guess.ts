import type { CatalogueColumn, CatalogueTable, ForeignKey } from "../catalogue.ts";

/** A name without what naming customs differ in. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * The names by which a column may be known: its own, and that without what its table puts before all of its columns, as `user_` in
 * MediaWiki's `user_real_name`.
 */
export function namesOf(table: CatalogueTable, column: string): string[] {
  const [prefix] = /^[a-z0-9]+_/i.exec(table.columns[0]?.name ?? "") ?? [];
  const isCommon =
    prefix !== undefined && table.columns.length > 2 && table.columns.every(({ name }) => name.startsWith(prefix));
  return [plain(column), ...(isCommon ? [plain(column.slice(prefix.length))] : [])];
}

const isNumber = (type: string): boolean =>
  /^(tiny|small|medium|big)?int|^(numeric|decimal|number|double|real|float)/.test(type);
/** Whether a type holds instants or dates. */
export const isTime = (type: string): boolean => /^(timestamp|datetime|date)/.test(type);
/** Whether a column holds true and false, and not numbers that stand for them. */
export const isBoolean = (type: string): boolean => /^(bool|bit)/.test(type);
const isFlag = (type: string): boolean => isBoolean(type) || type.startsWith("tinyint(1)");
/** Whether a column holds text. */
export const isText = ({ type }: CatalogueColumn): boolean =>
  !isNumber(type) &&
  !isTime(type) &&
  !isFlag(type) &&
  !/^(uuid|uniqueidentifier|json|bytea|.*blob|.*binary)/.test(type);

/** Whether a column holds bytes, which may be text all the same. */
export const isBytes = ({ type }: CatalogueColumn): boolean => /^(bytea|.*blob|.*binary)/.test(type);

/** SCIM paths of users, and what columns for them are called, the likeliest first. */
const USER: readonly (readonly [string, readonly string[]])[] = [
  ["externalId", ["externalid", "externalref", "externalreference", "entraid", "azureid", "objectid", "guid"]],
  [
    "userName",
    [
      "username",
      "login",
      "loginname",
      "userlogin",
      "logonname",
      "accountname",
      "account",
      "userid",
      "nick",
      "nickname",
    ],
  ],
  ["name.formatted", ["formattedname"]],
  ["name.givenName", ["givenname", "firstname", "fname", "forename", "vorname"]],
  ["name.middleName", ["middlename"]],
  ["name.familyName", ["familyname", "lastname", "surname", "lname", "sn", "nachname"]],
  ["displayName", ["displayname", "fullname", "name", "username2", "realname"]],
  ["nickName", ["nickname", "nick"]],
  ["title", ["title", "jobtitle", "position"]],
  ["userType", ["usertype", "type"]],
  ["preferredLanguage", ["preferredlanguage", "language", "lang"]],
  ["locale", ["locale"]],
  ["timezone", ["timezone", "tz"]],
  ['emails[type eq "work"].value', ["email", "mail", "emailaddress", "workemail", "useremail"]],
  ['phoneNumbers[type eq "work"].value', ["phone", "telephone", "phonenumber", "workphone", "tel"]],
  ['phoneNumbers[type eq "mobile"].value', ["mobile", "mobilephone", "cellphone", "cell", "mobilenumber"]],
  [
    "enterprise:employeeNumber",
    ["employeenumber", "employeeno", "staffnumber", "staffno", "personnelnumber", "employeeid"],
  ],
  ["enterprise:department", ["department", "dept", "departmentname"]],
  ["enterprise:division", ["division"]],
  ["enterprise:costCenter", ["costcenter", "costcentre"]],
  ["enterprise:organization", ["organization", "organisation", "company"]],
];
const GROUP: readonly (readonly [string, readonly string[]])[] = [
  ["externalId", ["externalid", "externalref", "externalreference", "entraid", "azureid", "objectid", "guid"]],
  ["displayName", ["displayname", "name", "title", "label", "code", "groupname", "rolename"]],
];
const TIMES: readonly (readonly [string, readonly string[]])[] = [
  ["meta.created", ["createdat", "created", "createdon", "datecreated", "creationdate", "createat"]],
  [
    "meta.lastModified",
    ["updatedat", "updated", "updatedon", "modified", "modifiedat", "changedat", "lastmodified", "updateat"],
  ],
];
const VERSION = ["version", "rowversion", "lockversion"];
const PASSWORD = [
  "password",
  "passwordhash",
  "hashedpassword",
  "passwd",
  "pwhash",
  "passhash",
  "encryptedpassword",
  "userpass",
];
const ON = ["active", "isactive", "enabled", "isenabled"];
const OFF = ["disabled", "isdisabled", "locked", "islocked", "blocked", "inactive", "suspended"];
const STATUS = ["status", "state", "accountstatus"];
const DELETED = ["deletedat", "deletedon", "deleted", "isdeleted", "datedeleted"];

const USERS = [
  "users",
  "user",
  "accounts",
  "account",
  "people",
  "persons",
  "person",
  "employees",
  "employee",
  "staff",
  "members",
  "logins",
];
const GROUPS = ["groups", "group", "usergroups", "usergroup", "usrgrp", "roles", "role", "teams", "team"];

/** The table that is likely to hold users, or groups, by its name, with or without what the application puts before it. */
export function guessTable(tables: readonly CatalogueTable[], what: "users" | "groups"): CatalogueTable | undefined {
  const names = what === "users" ? USERS : GROUPS;
  // What joins two tables is neither of them.
  const able = tables.filter(
    ({ primaryKey }) => primaryKey.length > 0 && (what === "users" || primaryKey.length === 1),
  );
  const refersElsewhere = ({ name, foreignKeys }: CatalogueTable) =>
    foreignKeys.some((key) => !isSameTable(key.table, name));
  // Who is registered and not yet taken in is referred to by less, and called more.
  const referring = ({ name }: CatalogueTable) =>
    tables.filter((each) => each.foreignKeys.some((key) => isSameTable(key.table, name))).length;
  const byWeight = (a: CatalogueTable, b: CatalogueTable) =>
    referring(b) - referring(a) || a.name.table.length - b.name.table.length;
  const found = names.flatMap((name) => [
    ...able.filter((each) => plain(each.name.table) === name),
    ...able
      .filter((each) => each.name.table.toLowerCase().endsWith(`_${name}`) && !refersElsewhere(each))
      .sort(byWeight),
  ]);
  if (what === "users") return found[0];
  // Of several the one that users are joined to; else one of just that name, or with the same before it as theirs.
  const users = guessTable(tables, "users");
  const prefixOf = ({ name: { table } }: CatalogueTable) => /^.*_(?=[a-z]+$)/i.exec(table.toLowerCase())?.[0] ?? "";
  return (
    found.find((each) => users && joinOf(tables, users, each) !== undefined) ??
    found.find((each) => prefixOf(each) === (users ? prefixOf(users) : ""))
  );
}

/** A row of a mapping: its path, what stands to its right, and whether that was guessed from less than a name. */
export interface GuessedRow {
  readonly path: string;
  readonly to: string | Readonly<Record<string, unknown>>;
  readonly why?: string;
}

/** What columns are likely to mean, by their names and types. */
export function guessRows(table: CatalogueTable, what: "users" | "groups"): GuessedRow[] {
  const taken = new Set<string>(table.primaryKey);
  const find = (names: readonly string[], fits: (column: CatalogueColumn) => boolean = () => true) => {
    for (const name of names) {
      const found = table.columns.find(
        (each) => namesOf(table, each.name).includes(name) && !taken.has(each.name) && fits(each),
      );
      if (found) {
        taken.add(found.name);
        return found;
      }
    }
    return undefined;
  };
  const rows: GuessedRow[] = (what === "users" ? USER : GROUP).flatMap(([path, names]) => {
    const column = find(names, (each) => isText(each) || isBytes(each));
    return column ? [{ path, to: column.name }] : [];
  });
  // A key that is called as a name is one.
  const named = table.columns.find(({ name }) => table.primaryKey.length === 1 && name === table.primaryKey[0]);
  const [path, names] = (what === "users" ? USER : GROUP).find(
    ([each]) => each === (what === "users" ? "userName" : "displayName"),
  )!;
  if (
    named &&
    isText(named) &&
    !rows.some((row) => row.path === path) &&
    [...names, "name"].includes(plain(named.name))
  )
    rows.unshift({ path, to: named.name });
  if (what === "users" && !rows.some(({ path }) => path === "userName")) rows.unshift(nameOf(table, rows));
  const times = TIMES.flatMap(([path, names]): GuessedRow[] => {
    const column = find(names, ({ type }) => isTime(type) || type === "text");
    return column ? [{ path, to: { attr: column.name, as: "time", readOnly: true } }] : [];
  });
  const version = find(VERSION, ({ type }) => isNumber(type));
  return [
    ...rows,
    ...times,
    ...(version ? [{ path: "meta.version", to: { attr: version.name, readOnly: true } }] : []),
  ];
}

/** The userName where no column is called as such: the mail, or what is unique. */
function nameOf(table: CatalogueTable, rows: readonly GuessedRow[]): GuessedRow {
  const mail = rows.find(({ path }) => path.startsWith("emails"));
  if (mail) return { path: "userName", to: mail.to, why: "no column is called so: the mail is taken" };
  const unique = table.unique.find(
    (columns) => columns.length === 1 && table.columns.some((each) => each.name === columns[0] && isText(each)),
  );
  if (unique) return { path: "userName", to: unique[0]!, why: "no column is called so: this one is unique" };
  return { path: "userName", to: "CHOOSE_A_COLUMN", why: "no column is called so, and none is unique: choose one" };
}

const called = (table: CatalogueTable, names: readonly string[]): CatalogueColumn | undefined =>
  table.columns.find((each) => namesOf(table, each.name).some((name) => names.includes(name)));

/** The column that holds passwords, by its name. */
export const passwordColumn = (table: CatalogueTable): CatalogueColumn | undefined => called(table, PASSWORD);

/** The column that says that a row is deleted, by its name. */
export const deletedColumn = (table: CatalogueTable): CatalogueColumn | undefined => called(table, DELETED);

/** What says whether an account may be used. */
export function activeColumn(
  table: CatalogueTable,
): { readonly column: CatalogueColumn; readonly means: "on" | "off" | "status" } | undefined {
  for (const [names, means] of [
    [ON, "on"],
    [OFF, "off"],
    [STATUS, "status"],
  ] as const) {
    const column = called(table, names);
    if (column) return { column, means };
  }
  return undefined;
}

const YES = ["1", "true", "t", "y", "yes", "active", "enabled", "on", "a"];
const NO = [
  "0",
  "false",
  "f",
  "n",
  "no",
  "inactive",
  "disabled",
  "locked",
  "blocked",
  "suspended",
  "off",
  "i",
  "d",
  "l",
];

/** How a column says yes and no: by its type, or by the values that are in it. */
export function activeCodec(
  { column, means }: NonNullable<ReturnType<typeof activeColumn>>,
  present: readonly unknown[],
): { readonly as: unknown; readonly why?: string } {
  const isBool = isBoolean(column.type);
  if (isBool || isNumber(column.type)) {
    if (means === "on") return { as: "boolean" };
    const [yes, no] = isBool ? [true, false] : [1, 0];
    if (means === "off") return { as: { values: { true: no, false: yes } } };
    return {
      as: { values: { true: 1, false: 0 } },
      why: `what its numbers mean is not known: there are ${shown(present)}`,
    };
  }
  const all = enumerated(column.type) ?? present;
  const find = (words: readonly string[]) => all.map(String).find((each) => words.includes(each.trim().toLowerCase()));
  const [on, off] = means === "off" ? [find(NO), find(YES)] : [find(YES), find(NO)];
  const isKnown = on !== undefined && off !== undefined && all.length === 2;
  return {
    as: { values: { true: on ?? "active", false: off ?? "inactive" } },
    ...(!isKnown && { why: `which of its values mean yes and no is not known: there are ${shown(present)}` }),
  };
}

/** The values of a type that names them. */
const enumerated = (type: string): string[] | undefined =>
  type.startsWith("enum(") ? [...type.matchAll(/'((?:[^']|'')*)'/g)].map(([, value = ""]) => value) : undefined;

const shown = (present: readonly unknown[]): string =>
  present.length === 0 ? "no rows yet" : `the values ${present.map((each) => JSON.stringify(each)).join(", ")}`;

/** Whether two names are of one table. */
export const isSameTable = (a: CatalogueTable["name"], b: CatalogueTable["name"]): boolean =>
  a.table === b.table && a.schema === b.schema;

/** A table that joins two others: its references to the one and to the other. */
export function joinOf(
  tables: readonly CatalogueTable[],
  one: CatalogueTable,
  other: CatalogueTable,
): { readonly table: CatalogueTable; readonly ofOne: ForeignKey; readonly ofOther: ForeignKey } | undefined {
  const found = tables.flatMap((table) => {
    const to = (target: CatalogueTable) => table.foreignKeys.filter((key) => isSameTable(key.table, target.name));
    const [ofOne] = to(one);
    const ofOther = to(other).find((key) => key !== ofOne);
    return ofOne && ofOther ? [{ table, ofOne, ofOther }] : [];
  });
  if (found.length === 0) return joinByNames(tables, one, other);
  // Of several the one that holds least beside.
  return found.sort((a, b) => a.table.columns.length - b.table.columns.length)[0];
}

/** The columns of a table that refer to another's key: by a foreign key, or else by their name, `user_id`. */
export function referenceTo(table: CatalogueTable, to: CatalogueTable): ForeignKey | undefined {
  const declared = table.foreignKeys.find((key) => isSameTable(key.table, to.name));
  if (declared) return declared;
  const [key] = to.primaryKey;
  if (to.primaryKey.length !== 1 || key === undefined) return undefined;
  const base = plain(to.name.table.replace(/^.*_(?=[a-z]+$)/i, ""));
  const singular = base.replace(/s$/, "");
  // `userid` of the key itself where that says whose it is; a natural key, `name`, is called after what it names.
  const names = [
    `${base}id`,
    `${singular}id`,
    `${singular}name`,
    ...(plain(key) === "id" || plain(key) === "name" ? [] : [plain(key)]),
  ];
  // What refers to another table by a foreign key refers to that, whatever it is called.
  const isDeclared = (name: string) => table.foreignKeys.some(({ columns }) => columns.includes(name));
  const column = table.columns.find(
    (each) => !isDeclared(each.name) && namesOf(table, each.name).some((name) => names.includes(name)),
  );
  return column && { columns: [column.name], table: to.name, to: [key] };
}

/** A table that joins two others by the names of its columns, `user_id` and `group_id`, where no foreign key says so. */
function joinByNames(
  tables: readonly CatalogueTable[],
  one: CatalogueTable,
  other: CatalogueTable,
): { readonly table: CatalogueTable; readonly ofOne: ForeignKey; readonly ofOther: ForeignKey } | undefined {
  const found = tables.flatMap((table) => {
    if (isSameTable(table.name, one.name) || isSameTable(table.name, other.name)) return [];
    const [ofOne, ofOther] = [referenceTo(table, one), referenceTo(table, other)];
    return ofOne && ofOther && ofOne.columns[0] !== ofOther.columns[0] ? [{ table, ofOne, ofOther }] : [];
  });
  return found.sort((a, b) => a.table.columns.length - b.table.columns.length)[0];
}

/** Text columns of a table that may say what its rows are called. */
export const nameColumn = (table: CatalogueTable): CatalogueColumn | undefined =>
  ["name", "title", "label", "displayname", "code", "description"]
    .map((name) => table.columns.find((each) => plain(each.name) === name && isText(each)))
    .find((each) => each !== undefined);

/** Whether a reference is likely to be to a manager: to the table itself. */
export const managerKey = (table: CatalogueTable): ForeignKey | undefined =>
  table.foreignKeys.find((key) => isSameTable(key.table, table.name));
