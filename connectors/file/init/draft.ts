import { stringify } from "yaml";
import { guessActive, isFlag, type Meaning, plain } from "./guess.ts";
import type { Survey, Surveyed } from "./survey.ts";

/** A name, or a value, as YAML writes it on one line. */
export const flow = (value: unknown): string => stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();

/** The schema of what RFC 7643 has no attributes for. */
const HR = "urn:postern:params:scim:schemas:extension:hr:2.0:User";

/** What is drafted from. */
export interface Drafted {
  readonly survey: Survey;
  readonly guessed: ReadonlyMap<Meaning, Surveyed>;
  readonly key: Surveyed;
  readonly hasSeveralRows: boolean;
}

/** SCIM paths by what columns are taken for. */
const PATHS: Readonly<Record<Meaning, string>> = {
  nickName: "nickName",
  displayName: "displayName",
  title: "title",
  language: "preferredLanguage",
  givenName: "name.givenName",
  middleName: "name.middleName",
  familyName: "name.familyName",
  email: 'emails[type eq "work"].value',
  phone: 'phoneNumbers[type eq "work"].value',
  mobile: 'phoneNumbers[type eq "mobile"].value',
  street: 'addresses[type eq "work"].streetAddress',
  city: 'addresses[type eq "work"].locality',
  region: 'addresses[type eq "work"].region',
  postalCode: 'addresses[type eq "work"].postalCode',
  country: 'addresses[type eq "work"].country',
  costCenter: "enterprise:costCenter",
  organization: "enterprise:organization",
  division: "enterprise:division",
  department: "enterprise:department",
  manager: "enterprise:manager.value",
};

const EXTENSION: readonly (readonly [Meaning, string, string])[] = [
  ["type", "workerType", "Employee, contractor, and so on, in the words of the HR system."],
  ["status", "status", "The status, in the words of the HR system."],
  ["hireDate", "hireDate", "The first day of work, as 2026-01-31."],
  ["endDate", "endDate", "The last day of work, as 2026-01-31."],
  ["onLeave", "onLeave", "Whether the person is on leave."],
  ["office", "location", "The place of work."],
];

const read = (expression: string): string => flow({ read: expression });

/** How a column is written in JSONata. */
const inJsonata = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll("`", "")}\``);

/** The mapping, with a remark above each row that somebody has to look at. */
export function mappingText(drafted: Drafted, file: string): string {
  const { survey, guessed, key, hasSeveralRows } = drafted;
  const place = (column: Surveyed) => (hasSeveralRows ? `rows[-1].${inJsonata(column.name)}` : inJsonata(column.name));
  const row = (column: Surveyed): string =>
    hasSeveralRows && column !== key ? read(place(column)) : flow({ attr: column.name, readOnly: true });
  const lines: string[] = [
    `id: ${flow({ attr: key.name, readOnly: true })}`,
    `externalId: ${flow({ attr: key.name, readOnly: true })}`,
    ...userNameLines(guessed, key, row),
  ];
  const used = new Set([key.name]);
  const put = (path: string, column: Surveyed, to: string) => {
    used.add(column.name);
    lines.push(`${flow(path)}: ${to}`);
  };
  const login = guessed.get("userName");
  if (login) used.add(login.name);
  lines.push(...activeLines(guessed, place));
  if (!guessed.has("displayName")) lines.push(...displayNameLines(guessed, place));
  for (const [meaning, path] of Object.entries(PATHS)) {
    const column = guessed.get(meaning);
    if (!column) continue;
    const hasUk = meaning === "country" && column.values.some((value) => value.toUpperCase() === "UK");
    put(path, column, hasUk ? read(`${place(column)} = "UK" ? "GB" : ${place(column)}`) : row(column));
    if (hasUk) lines.push("# The country code of the United Kingdom is GB.");
  }
  for (const [meaning, name] of EXTENSION) {
    const column = guessed.get(meaning);
    if (column) put(`${HR}:${name}`, column, row(column));
  }
  lines.push("# Rows in which a cell is wrong say so here: whoever acts on people must leave these alone.");
  lines.push(`${HR}:problems: ${flow({ attr: "problems", many: true, readOnly: true })}`);
  if (hasSeveralRows) {
    lines.push("# Rows that are not used, in a few words each: whoever acts on people tells of them.");
    lines.push(`${HR}:otherJobs: ${read(unusedText(guessed, key))}`);
  }
  const others = survey.columns.filter(({ name }) => !used.has(name)).map(({ name }) => name);
  return `# yaml-language-server: $schema=../schemas/mapping.schema.json
# Drafted from the headers of ${file} by \`postern init file\`. What is marked by # ? was guessed: look at it.
resource: User
types: hr.types.yaml
kind: person
${hasSeveralRows ? `# A person may have several rows. rows[-1] is the last one: ${orderOf(guessed) === undefined ? "# ? say by `order` in the connector's kind which that is." : `the one with the latest ${orderOf(guessed)}.`}\n` : ""}attributes:
${lines.map((line) => `  ${line}`).join("\n")}
${others.length > 0 ? `# Not mapped: ${others.join(", ")}\n` : ""}`;
}

function userNameLines(guessed: Drafted["guessed"], key: Surveyed, row: (column: Surveyed) => string): string[] {
  const column = guessed.get("userName") ?? guessed.get("email");
  if (column) return [`userName: ${row(column)}`];
  return ["# ? No column looks like a user name: the key stands for it.", `userName: ${row(key)}`];
}

function displayNameLines(guessed: Drafted["guessed"], place: (column: Surveyed) => string): string[] {
  const names = [guessed.get("nickName") ?? guessed.get("givenName"), guessed.get("familyName")].filter((each) => each);
  return names.length < 2
    ? []
    : [`displayName: ${read(`$join([${names.map((each) => place(each!)).join(", ")}], " ")`)}`];
}

/** Who is active by a status, in words; the dates are the rules' own to judge. */
function activeLines(guessed: Drafted["guessed"], place: (column: Surveyed) => string): string[] {
  const status = guessed.get("status");
  if (!status) return ["# ? No column looks like a status: who is active follows from dates, if from anything."];
  if (isFlag(status))
    return [
      `active: ${place(status).startsWith("rows") ? read(place(status)) : flow({ attr: status.name, readOnly: true })}`,
    ];
  const { active, unknown } = guessActive(status.values);
  if (active.length === 0)
    return [`# ? Which words of ${status.name} mean that somebody works here? ${wordsOf(status)}`];
  return [
    `# ? ${status.name} has ${wordsOf(status)}.${unknown.length > 0 ? ` Nobody here knows ${oneLine(unknown)}: they are taken for inactive.` : ""}`,
    `active: ${read(`${place(status)} in [${active.map((word) => JSON.stringify(word)).join(", ")}]`)}`,
  ];
}

/** JSONata that tells the rows before the last one, which are not used, in a few words each. */
function unusedText(guessed: Drafted["guessed"], key: Surveyed): string {
  const told = (["status", "title", "organization", "hireDate"] as const).flatMap(
    (meaning) => guessed.get(meaning) ?? [],
  );
  const parts = (told.length > 0 ? told : [key]).map(({ name }) => inJsonata(name));
  return `$count(rows) > 1 ? rows[[0..$count($$.rows)-2]].("line " & $string(line) & ": " & $join([${parts.join(", ")}], ", "))`;
}

/** Values on one line: a remark ends with it. */
const oneLine = (values: readonly string[]): string => values.join(", ").replace(/[\s\p{C}]+/gu, " ");

const wordsOf = ({ values }: Surveyed): string =>
  values.length > 0 ? oneLine(values) : "too many values for a status";

/** The column that orders a person's rows. */
export const orderOf = (guessed: Drafted["guessed"]): string | undefined => guessed.get("hireDate")?.name;

/** The types of the extension. */
export function typesText({ guessed, hasSeveralRows }: Drafted): string {
  const attributes = EXTENSION.flatMap(([meaning, name, description]) => {
    const column = guessed.get(meaning);
    if (!column) return [];
    const type = isFlag(column) && { type: "boolean" };
    return [flow({ name, ...type, mutability: "readOnly", description })];
  });
  const problems = flow({
    ...{ name: "problems", multiValued: true, mutability: "readOnly" },
    description: "What is wrong with the person's rows in the file.",
  });
  const otherJobs = flow({
    ...{ name: "otherJobs", multiValued: true, mutability: "readOnly" },
    description: "The person's rows that are not used, in a few words each.",
  });
  return `# yaml-language-server: $schema=../schemas/types.schema.json
# What an HR system knows of people beside RFC 7643.
schemas:
  - id: ${HR}
    name: HR
    description: What the HR system knows of a person.
    attributes:
${[...attributes, problems, ...(hasSeveralRows ? [otherJobs] : [])].map((each) => `      - ${each}`).join("\n")}
resourceTypes:
  - { name: User, extensions: [{ schema: "${HR}" }] }
`;
}

/** The connector's settings, with what was guessed. */
export function settingsLines(drafted: Drafted, path: string): string[] {
  const { survey, guessed, key, hasSeveralRows } = drafted;
  const columns = survey.columns.flatMap((column) => [...columnLine(column), ...emptyDateLine(column, drafted)]);
  const ids = [key, guessed.get("manager")].filter((each) => each !== undefined);
  const used = [...new Set([...guessed.values()].map(({ name }) => name))].filter((name) => name !== key.name);
  const pad = Math.max(0, ...ids.map(({ padded }) => padded ?? 0));
  const order = orderOf(guessed);
  return [
    "type: file",
    `path: ${flow(path)}`,
    "# A drop folder in place of it, whose newest file is taken:",
    '# folder: { path: /srv/hr/drop, pattern: "employees-*.csv" }',
    "# processed: processed                # where files go once they were taken",
    "# failed: failed                      # where refused files go",
    `encoding: ${survey.encoding}`,
    ...(/\.(xlsx|xlsm|jsonl|ndjson)$/i.test(path) ? [] : [`separator: ${flow(survey.separator)}`]),
    ...(survey.header > 1 ? [`header: ${survey.header}`] : []),
    ...(survey.trailer === undefined
      ? ["# ? No trailer was seen: a file that was cut off between two lines cannot be told from a whole one."]
      : [`trailer: ${flow(survey.trailer)}`]),
    ...(survey.nulls.length > 0 ? [`nulls: ${flow(survey.nulls)}`] : []),
    `required: ${flow(used)}`,
    ...(columns.length > 0 ? ["columns:", ...columns.map((line) => `  ${line}`)] : []),
    ...(pad > 0 ? [`ids: ${flow({ columns: ids.map(({ name }) => name), pad })}`] : []),
    "kinds:",
    hasSeveralRows
      ? `  person: ${flow({ rows: { by: key.name, ...(order !== undefined && { order: [order] }) } })}`
      : `  person: ${flow({ key: key.name })}`,
  ];
}

/** Whether a column holds dates by its name. */
const isNamedDate = (name: string): boolean => /date|datum|day|begda|endda/.test(plain(name));

/** Whether a column's values are dates. Eight digits are one only where the name says so. */
const hasDates = ({ name, dates: [format] }: Surveyed): boolean =>
  format !== undefined && (format !== "yyyymmdd" || isNamedDate(name));

/** A column for dates that is empty so far, such as the last day of people who are all here: its dates are written as those of another column. */
function emptyDateLine(column: Surveyed, { survey, guessed }: Drafted): string[] {
  const { name, filled } = column;
  const isDate = isNamedDate(name) || [guessed.get("hireDate"), guessed.get("endDate")].includes(column);
  if (filled > 0 || !isDate) return [];
  const other = survey.columns.find(hasDates);
  const format = other?.dates[0] ?? "iso";
  const like = other ? `as those of ${other.name}` : "as 2026-01-31";
  return [
    `# ? ${name} is empty in all rows: its dates are taken to be written ${like}.`,
    `${flow(name)}: ${flow({ as: "date", ...(format !== "iso" && { format }) })}`,
  ];
}

function columnLine(column: Surveyed): string[] {
  const { name, dates, noDates } = column;
  const [format, ...others] = dates;
  if (hasDates(column)) {
    const settings = { as: "date", ...(format !== "iso" && { format }), ...(noDates.length > 0 && { nulls: noDates }) };
    const doubt = others.length > 0 ? [`# ? ${name}: the dates may be ${[format, ...others].join(" or ")}.`] : [];
    return [...doubt, `${flow(name)}: ${flow(settings)}`];
  }
  return isFlag(column) ? [`${flow(name)}: ${flow({ as: "boolean" })}`] : [];
}
