import { stringify } from "yaml";
import { onOneLine } from "../../../src/connector/kit/text.ts";
import type { CatalogueTable } from "../catalogue.ts";
import type { Draft } from "./draft.ts";
import { guessRows, isTime, namesOf } from "./guess.ts";

/** What HR systems call the number of a person, the likeliest first. */
const NUMBERS =
  "employeeid employeenumber employeeno empid empno personnelnumber personnelno pernr personalnummer persnr personid personnumber staffid staffnumber staffno workerid workernumber associateid".split(
    " ",
  );
/** What they call the day from which a row holds, the likeliest first. */
const BEGINS =
  "validfrom effectivefrom effectivedate effdt startdate begindate begda fromdate hiredate hiredon startson".split(" ");

/** The column of a person's number, where neither it nor a login is unique, and so the table may have several rows for a person. */
export function numberColumn(table: CatalogueTable): string | undefined {
  const keys = [table.primaryKey, ...table.unique];
  const isUnique = (column: string) => keys.some((key) => key.length === 1 && key[0] === column);
  const login = guessRows(table, "users").find(({ path }) => path === "userName");
  if (typeof login?.to === "string" && isUnique(login.to)) return undefined;
  const column = columnCalled(table, NUMBERS);
  return column !== undefined && !isUnique(column) ? column : undefined;
}

const columnCalled = (table: CatalogueTable, names: readonly string[], fits: (type: string) => boolean = () => true) =>
  names
    .map((name) => table.columns.find((each) => namesOf(table, each.name).includes(name) && fits(each.type)))
    .find((column) => column !== undefined)?.name;

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trimEnd();

/** How a column is written in JSONata. */
const inJsonata = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll("`", "")}\``);

/** Drafts a table that has several rows for a person, who is told by a column: one entry for each of its values, read only. */
export function draftSeveral(table: CatalogueTable, by: string): Draft {
  const { name, columns } = table;
  const begins = columnCalled(table, BEGINS, isTime) ?? columnCalled(table, BEGINS);
  const order = begins === undefined ? {} : { order: [begins] };
  const marks =
    begins === undefined
      ? [`no column says since when a row holds: say by "order" which of a person's is the last`]
      : [];
  const last = (column: string) => flow({ read: `rows[-1].${inJsonata(column)}` });
  const key = flow({ attr: by, readOnly: true });
  const guessed = guessRows(table, "users").flatMap(({ path, to, why }) =>
    typeof to !== "string" || to === by || path === "externalId" || path.startsWith("meta.") ? [] : [{ path, to, why }],
  );
  const hasLogin = guessed.some(({ path }) => path === "userName");
  const rows = [
    `id: ${key}`,
    `externalId: ${key}`,
    ...(hasLogin ? [] : ["# ? no column looks like a user name: the number stands for it", `userName: ${key}`]),
    ...guessed.flatMap(({ path, to, why }) => [
      ...(why ? [`# ? ${onOneLine(why)}`] : []),
      `${flow(path)}: ${last(to)}`,
    ]),
  ];
  const used = new Set([by, begins, ...guessed.map(({ to }) => to)]);
  const others = columns.filter((column) => !used.has(column.name)).map((column) => column.name);
  const which = begins === undefined ? "the last one" : `the one with the latest ${begins}`;
  const text = `# yaml-language-server: $schema=../schemas/mapping.schema.json
# Drafted from the table ${onOneLine(name.table)} by \`postern init sql\`. What is marked by # ? was guessed, or is missing.
# A person may have several rows. rows[-1] is ${onOneLine(which)}.
${marks.map((mark) => `# ? ${mark}\n`).join("")}resource: User
kind: user
attributes:
${rows.map((row) => `  ${row}`).join("\n")}
${others.length > 0 ? `# Not mapped: ${onOneLine(others.join(", "))}\n` : ""}`;
  return {
    kinds: [
      ...marks.map((mark) => `# ? ${mark}`),
      "user:",
      ...Object.entries(name).map(([field, value]) => `  ${field}: ${flow(value)}`),
      `  rows: ${flow({ by, ...order })}`,
    ],
    mappings: [{ file: "user.yaml", text }],
    notes: [
      `Users: the table ${name.table}, in which people have several rows: one entry for each ${by}, read only, as ${which} says. If each row is an account, make ${by} unique.`,
      ...marks.map((mark) => `user: ${mark}`),
    ],
  };
}
