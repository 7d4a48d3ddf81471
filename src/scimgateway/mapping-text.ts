import { stringify } from "yaml";

/** What a mapping says of an attribute: a name, or settings. */
export type RowText = string | Readonly<Record<string, unknown>>;

/** A mapping that is written. */
export interface MappingText {
  readonly about: string;
  readonly resource: "User" | "Group";
  readonly types?: string | undefined;
  readonly rows: ReadonlyMap<string, RowText>;
  readonly write?: Readonly<Record<string, string>>;
  readonly create?: Readonly<Record<string, string>>;
}

/** An attribute of a schema of one's own. */
export interface OwnAttribute {
  readonly schema: string;
  readonly name: string;
  readonly isList: boolean;
  readonly resource: "User" | "Group";
}

/** A value as YAML writes it on one line. */
const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trimEnd();

const lines = (entries: Iterable<readonly [string, unknown]>): string =>
  [...entries].map(([name, value]) => `  ${key(name)}: ${flow(value)}\n`).join("");

/** A path as a key: without quotes wherever YAML needs none. */
const key = (name: string): string =>
  /^[A-Za-z][\w:.-]*(\[type eq "[\w-]+"\](\.\w+)?)?$/.test(name) ? name : flow(name);

/** Writes a mapping file. */
export function mappingText({ about, resource, types, rows, write = {}, create = {} }: MappingText): string {
  const section = (name: string, given: Readonly<Record<string, string>>) =>
    Object.keys(given).length === 0 ? "" : `${name}:\n${lines(Object.entries(given))}`;
  return `# yaml-language-server: $schema=../../schemas/mapping.schema.json
# ${about}
resource: ${resource}
${types === undefined ? "" : `types: ${types}\n`}kind: ${resource.toLowerCase()}
attributes:
${accepted(lines(rows))}${section("write", write)}${section("create", create)}`;
}

/** The remark that other mail addresses than those of one type are dropped, as they were before. */
function accepted(rows: string): string {
  const mail = /^ {2}emails\[/m.exec(rows);
  if (!mail) return rows;
  const remark = "  # postern-accept dropped-values: scimgateway kept no other mail addresses.\n";
  return rows.slice(0, mail.index) + remark + rows.slice(mail.index);
}

/** Writes a file of types with the attributes that SCIM does not have; undefined if there are none. */
export function typesText(own: readonly OwnAttribute[]): string | undefined {
  if (own.length === 0) return undefined;
  const schemas = [...new Set(own.map(({ schema }) => schema))];
  const of = (id: string) => own.filter(({ schema }) => schema === id);
  const resources = [...new Set(own.map(({ resource }) => resource))];
  const unique = (id: string) => [...new Map(of(id).map((each) => [each.name, each])).values()];
  return `# yaml-language-server: $schema=../../schemas/types.schema.json
# Attributes that scimgateway put beside SCIM's own. In Postern they are an extension: clients name them by its URN.
${stringify(
  {
    schemas: schemas.map((id) => ({
      id,
      name: "scimgateway",
      attributes: unique(id).map(({ name, isList }) => ({ name, ...(isList && { multiValued: true }) })),
    })),
    resourceTypes: resources.map((name) => ({
      name,
      extensions: schemas
        .filter((id) => of(id).some(({ resource }) => resource === name))
        .map((schema) => ({ schema })),
    })),
  },
  { lineWidth: 0 },
)}`;
}
