import type { Expression } from "../expression/compile.ts";
import type { AttributePath } from "../scim/path.ts";
import type { Attribute, Resource, ResourceType } from "../scim/schema.ts";
import type { Codec } from "./codecs.ts";

/** A mapping file, compiled: the table by which resources and entries are turned into each other. */
export interface Mapping {
  readonly type: ResourceType;
  readonly kind: string;
  readonly rows: readonly Row[];
  /** The rows by the attribute that they are of, then by the element that they make together. */
  readonly groups: ReadonlyMap<Attribute, readonly Group[]>;
  readonly id: AttrRow;
  readonly version: AttrRow | undefined;
  /** What is written beside the table, and follows from the whole resource. */
  readonly write: readonly { readonly attr: string; readonly expression: Expression }[];
  /** What is set on creation; of several expressions the first is taken whose value no other entry has. */
  readonly create: readonly { readonly attr: string; readonly expressions: readonly Expression[] }[];
  readonly unmapped: "ignore" | "reject";
}

interface RowBase {
  /** The path as the file writes it. */
  readonly name: string;
  /** The path found in the schemas, its selector taken off; a complex attribute's `value` is named. */
  readonly path: AttributePath;
  readonly readOnly: boolean;
  readonly writeOnly: boolean;
}

/** A path that is an attribute of the entry. */
export interface AttrRow extends RowBase {
  readonly is: "attr";
  readonly attr: string;
  readonly codec: Codec;
  readonly many: boolean;
  /** The connector's type that the attribute is said to be of. */
  readonly type: string | undefined;
  /** Whether each of its values may be there once; where nothing is said, what the schema says. */
  readonly unique: boolean | undefined;
}

/** A path that refers to another resource: an id in SCIM, a DN or a foreign key in the entry. */
export interface RefRow extends RowBase {
  readonly is: "ref";
  readonly attr: string;
  /** The types that it may refer to. */
  readonly refs: readonly string[];
  /** What the value is looked up among, for each of the types: see `targetOf`. */
  readonly targets: readonly string[];
  /** The attribute of what is referred to that the value holds; undefined for what the connector itself refers by. */
  readonly by: string | undefined;
  readonly outside: "hide" | "show";
  readonly many: boolean;
  readonly missing: "reject" | "ignore";
}

/** A path that JSONata makes. */
export interface ExpressionRow extends RowBase {
  readonly is: "expression";
  readonly read: Expression | undefined;
  readonly write: readonly { readonly attr: string; readonly expression: Expression }[];
  /** Whether it may give elements, or the parts of a complex attribute, whole: then what it gives is known only when it is read. */
  readonly isWhole: boolean;
  /** The attribute that a filter may ask, a superset of what the expression gives. */
  readonly search: string | undefined;
}

/** A line of a mapping: a SCIM attribute, and where it comes from. */
export type Row = AttrRow | RefRow | ExpressionRow;

/**
 * The rows that make one value together: a single attribute's, or one element of a multi-valued one, told apart from
 * the others by what its selector fixes.
 */
export interface Group {
  readonly attribute: Attribute;
  /** What the selector fixes, `type` mostly. */
  readonly selector: Resource;
  /** What an element holds beside its rows' values: what the selector fixes, and the primary mark. */
  readonly constants: Resource;
  readonly rows: readonly Row[];
  /** True where each value of the backend's attribute is an element of its own. */
  readonly many: boolean;
}

/** A resource type as what is referred to, and the attribute by which; one text, because it names what is known of references. */
export const targetOf = (type: string, by: string | undefined): string => (by === undefined ? type : `${type}\0${by}`);

/** What `targetOf` was given. */
export function partsOfTarget(target: string): { readonly type: string; readonly by: string | undefined } {
  const [type = "", by] = target.split("\0");
  return { type, by };
}

/** Turns ids into the backend's references and back, by `targetOf`; undefined for what is not there. */
export interface References {
  readonly toReference: (target: string, id: string) => string | undefined;
  readonly toId: (target: string, reference: string) => string | undefined;
  /** The same of what is to be taken out of a list, though it may be out of reach. */
  readonly toRemoved?: (target: string, id: string) => string | undefined;
  /** The same for an entry of whatever kind, where the backend's references tell. */
  readonly anyKind?:
    | {
        readonly keyOf: (reference: string) => string | undefined;
        readonly referenceTo: (key: string) => string | undefined;
      }
    | undefined;
}

/** Whether the elements of a row are of more than one type, so that each tells its own. */
export const isMixed = (row: RefRow): boolean => row.refs.length > 1 || row.outside === "show";

/** The attributes of the entry that a row reads. */
export const attrsRead = (row: Row): readonly string[] =>
  row.is === "expression" ? [...(row.read?.names ?? [])] : [row.attr];

/** The attributes of the entry that a row writes. */
export const attrsWritten = (row: Row): readonly string[] => {
  if (row.readOnly) return [];
  return row.is === "expression" ? row.write.map((each) => each.attr) : [row.attr];
};

/** The attributes of the entry that a mapping writes, by its rows and beside them. */
export const attrsOf = ({ rows, write }: Mapping): string[] => [
  ...new Set([...rows.flatMap(attrsWritten), ...write.map(({ attr }) => attr)]),
];

/** The attributes of whose values each is there once: what the schema calls unique, and what the mapping does. */
export const uniqueAttrs = ({ rows }: Mapping): { attr: string; caseExact: boolean }[] =>
  rows.flatMap((row) => {
    if (row.is !== "attr" || row.many || row.path.attribute.name === "id") return [];
    const leaf = row.path.sub ?? row.path.attribute;
    const isUnique = row.unique ?? (leaf.uniqueness !== "none" && leaf.type === "string");
    return isUnique && !row.readOnly ? [{ attr: row.attr, caseExact: leaf.caseExact === true }] : [];
  });

/** The attributes of the entry that expressions read beside the resource, `$entry.phone`: what SCIM does not know, and is kept. */
export const attrsKept = ({ rows, write }: Mapping): string[] => {
  const expressions = [...rows.flatMap((row) => (row.is === "expression" ? row.write : [])), ...write];
  return [...new Set(expressions.flatMap(({ expression }) => [...(expression.properties.get("entry") ?? [])]))];
};

/** Of those that are written the ones that are never read. */
export const attrsUnread = ({ rows }: Mapping): ReadonlySet<string> =>
  new Set(rows.filter((row) => row.writeOnly).flatMap(attrsWritten));
