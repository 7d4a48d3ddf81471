import type { ObjectType } from "../directory.ts";
import { columnOf } from "./columns.ts";
import { guidOf } from "./random.ts";
import { nameOf, PopulationFileError, type Row, type Source } from "./records.ts";
import { textIn } from "./values.ts";

/** The reading of one file. */
export interface Reading {
  readonly source: Source;
  readonly type: ObjectType;
  /** Reads the file from its beginning. */
  readonly rows: () => AsyncIterable<Row>;
  /** The objectId of a user name that is not in the file. */
  readonly resolve: ((userPrincipalName: string) => string | undefined) | undefined;
  /** ObjectIds by user name in lower case, once needed. */
  names?: ReadonlyMap<string, string>;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The objectId of a row, derived from its name if missing. */
export function idOf(row: Row, { type, source }: Reading): string {
  const find = (fits: (name: string) => boolean) => textIn(row.values.find(([name]) => fits(name))?.[1]).trim();
  const own = find((name) => columnOf(name).as === "id");
  if (GUID.test(own)) return own.toLowerCase();
  if (own !== "")
    throw new PopulationFileError(`${row.placeOf()}: the objectId "${own}" is not a GUID. Write it as Entra shows it.`);
  const key = type === "User" ? "userPrincipalName" : "displayName";
  const name = find((each) => each.toLowerCase() === key.toLowerCase());
  if (name === "")
    throw new PopulationFileError(`${row.placeOf()}: there is neither an objectId nor a ${key}. Fill in one of them.`);
  source.note(
    `${nameOf(source)}: missing objectIds are derived from ${key}. Add a column objectId, so that objects keep their identity when they are renamed.`,
  );
  return derivedId(type, name);
}

/** User names are case-insensitive; group names are not. */
const derivedId = (type: ObjectType, name: string): string =>
  guidOf("derived", type, type === "User" ? name.toLowerCase() : name);

/** ObjectIds for references, which are objectIds or user names. */
export async function referencesIn(
  values: readonly unknown[],
  reading: Reading,
  place: string,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const value of values) {
    const text = textIn(value).trim();
    if (text !== "") ids.push(GUID.test(text) ? text.toLowerCase() : await idOfPerson(text, reading, place));
  }
  return ids;
}

async function idOfPerson(name: string, reading: Reading, place: string): Promise<string> {
  if (!name.includes("@"))
    throw new PopulationFileError(`${place}: "${name}" is neither an objectId nor a user name. Use one of the two.`);
  reading.names ??= reading.type === "User" ? await namesIn(reading) : new Map();
  const id = reading.names.get(name.toLowerCase()) ?? reading.resolve?.(name);
  if (id !== undefined) return id;
  reading.source.note(`${place}: unknown user name "${name}". The objectId derived from it is used.`);
  return derivedId("User", name);
}

/** The second pass: objectIds by user name. */
async function namesIn(reading: Reading): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for await (const row of reading.rows()) {
    const [, value] = row.values.find(([each]) => each.toLowerCase() === "userprincipalname") ?? [];
    const name = textIn(value).trim().toLowerCase();
    if (name !== "") names.set(name, idOf(row, reading));
  }
  return names;
}
