import type { Expression } from "../expression/compile.ts";
import type { AttributePath } from "../scim/path.ts";
import type { Attribute, Resource, ResourceType } from "../scim/schema.ts";
import type { Codec } from "./codecs.ts";

/** A compiled mapping file, which converts between resources and entries. */
export interface Mapping {
  readonly type: ResourceType;
  readonly kind: string;
  readonly rows: readonly Row[];
  /** Rows grouped by attribute, then by the element that they form together. */
  readonly groups: ReadonlyMap<Attribute, readonly Group[]>;
  readonly id: AttrRow;
  readonly version: AttrRow | undefined;
  /** What is written in addition to the table, computed from the whole resource. */
  readonly write: readonly { readonly attr: string; readonly expression: Expression }[];
  /** What is set on creation. Of several expressions, the first whose value is free. */
  readonly create: readonly { readonly attr: string; readonly expressions: readonly Expression[] }[];
  readonly unmapped: "ignore" | "reject";
}

interface RowBase {
  /** The path as written in the file. */
  readonly name: string;
  /** The resolved path without its selector; for a complex attribute, its `value`. */
  readonly path: AttributePath;
  readonly readOnly: boolean;
  readonly writeOnly: boolean;
}

/** A path that maps to an attribute of the entry. */
export interface AttrRow extends RowBase {
  readonly is: "attr";
  readonly attr: string;
  readonly codec: Codec;
  readonly many: boolean;
  /** The connector's type for the attribute, if specified. */
  readonly type: string | undefined;
  /** Whether each value must be unique. Default: as the schema says. */
  readonly unique: boolean | undefined;
}

/** A path that refers to another resource: an ID in SCIM, a DN or foreign key in the entry. */
export interface RefRow extends RowBase {
  readonly is: "ref";
  readonly attr: string;
  /** The types that it may refer to. */
  readonly refs: readonly string[];
  /** What values are looked up among, for each type: see `targetOf`. */
  readonly targets: readonly string[];
  /** The attribute of the target that the value contains; undefined for the connector's own references. */
  readonly by: string | undefined;
  readonly outside: "hide" | "show";
  readonly many: boolean;
  readonly missing: "reject" | "ignore";
}

/** A path that is computed by JSONata. */
export interface ExpressionRow extends RowBase {
  readonly is: "expression";
  readonly read: Expression | undefined;
  readonly write: readonly { readonly attr: string; readonly expression: Expression }[];
  /** Whether it may return whole elements or complex attributes: then its parts are known only when it is read. */
  readonly isWhole: boolean;
  /** The attribute that filters may use, a superset of the expression's results. */
  readonly search: string | undefined;
}

/** A row of a mapping: a SCIM attribute and its source. */
export type Row = AttrRow | RefRow | ExpressionRow;

/** The rows that form one value: a single attribute, or one element of a multi-valued attribute, identified by its selector. */
export interface Group {
  readonly attribute: Attribute;
  /** The constants of the selector, usually `type`. */
  readonly selector: Resource;
  /** Constant parts of an element: those of the selector, and the primary mark. */
  readonly constants: Resource;
  readonly rows: readonly Row[];
  /** Whether each value of the backend attribute is an element. */
  readonly many: boolean;
}

/** Identifies the target of references: a resource type and the attribute used. One text, because it is used as a key. */
export const targetOf = (type: string, by: string | undefined): string => (by === undefined ? type : `${type}\0${by}`);

/** The parts of a `targetOf` text. */
export function partsOfTarget(target: string): { readonly type: string; readonly by: string | undefined } {
  const [type = "", by] = target.split("\0");
  return { type, by };
}

/** Converts IDs to the backend's references and back, by `targetOf`; undefined if the target does not exist. */
export interface References {
  readonly toReference: (target: string, id: string) => string | undefined;
  readonly toId: (target: string, reference: string) => string | undefined;
  /** The same for values to be removed from a list, even if out of reach. */
  readonly toRemoved?: (target: string, id: string) => string | undefined;
  /** The same for entries of any kind, if the backend's references allow it. */
  readonly anyKind?:
    | {
        readonly keyOf: (reference: string) => string | undefined;
        readonly referenceTo: (key: string) => string | undefined;
      }
    | undefined;
}

/** Reports whether a row refers to several types, so that each element states its own. */
export const isMixed = (row: RefRow): boolean => row.refs.length > 1 || row.outside === "show";

/** The entry attributes that a row reads. */
export const attrsRead = (row: Row): readonly string[] =>
  row.is === "expression" ? [...(row.read?.names ?? [])] : [row.attr];

/** The entry attributes that a row writes. */
export const attrsWritten = (row: Row): readonly string[] => {
  if (row.readOnly) return [];
  return row.is === "expression" ? row.write.map((each) => each.attr) : [row.attr];
};

/** The entry attributes that a mapping writes, in rows or elsewhere. */
export const attrsOf = ({ rows, write }: Mapping): string[] => [
  ...new Set([...rows.flatMap(attrsWritten), ...write.map(({ attr }) => attr)]),
];

/** The attributes whose values must be unique, by the schema or the mapping. */
export const uniqueAttrs = ({ rows }: Mapping): { attr: string; caseExact: boolean }[] =>
  rows.flatMap((row) => {
    if (row.is !== "attr" || row.many || row.path.attribute.name === "id") return [];
    const leaf = row.path.sub ?? row.path.attribute;
    const isUnique = row.unique ?? (leaf.uniqueness !== "none" && leaf.type === "string");
    return isUnique && !row.readOnly ? [{ attr: row.attr, caseExact: leaf.caseExact === true }] : [];
  });

/**
 * The entry attributes that expressions read in addition to the resource, `$entry.phone`: data that SCIM does not know and that is kept.
 */
export const attrsKept = ({ rows, write }: Mapping): string[] => {
  const expressions = [...rows.flatMap((row) => (row.is === "expression" ? row.write : [])), ...write];
  return [...new Set(expressions.flatMap(({ expression }) => [...(expression.properties.get("entry") ?? [])]))];
};

/** The written attributes that are never read. */
export const attrsUnread = ({ rows }: Mapping): ReadonlySet<string> =>
  new Set(rows.filter((row) => row.writeOnly).flatMap(attrsWritten));

/** The entry attributes that hold secrets: those that are only written, or that the schema never returns. */
export const secretAttrs = ({ rows }: Pick<Mapping, "rows">): ReadonlySet<string> => {
  const isSecret = ({ writeOnly, path: { attribute, sub } }: Row) =>
    writeOnly || attribute.returned === "never" || sub?.returned === "never";
  return new Set(rows.filter(isSecret).flatMap((row) => (row.is === "expression" ? attrsWritten(row) : [row.attr])));
};
