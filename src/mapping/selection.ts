import type { Attribute } from "../scim/schema.ts";
import { attrsRead, type ExpressionRow, type Group, type Mapping, type RefRow, type Row } from "./mapping.ts";

/** The rows of a mapping that must be read, arranged for reading an entry. */
export interface Selection {
  readonly mapping: Mapping;
  /** The entry attributes that the rows read, always including the key. */
  readonly attrs: readonly string[];
  readonly refs: readonly RefRow[];
  readonly expressions: readonly ExpressionRow[];
  readonly attributes: readonly SelectedAttribute[];
}

/** An attribute to show, with the rows that form it. */
export interface SelectedAttribute {
  readonly attribute: Attribute;
  /** The URN of its extension; undefined for the type's own schema. */
  readonly extension: string | undefined;
  readonly elements: readonly { readonly group: Group; readonly rows: readonly Row[] }[];
}

/** Selects the rows for which `wants` is true. Write-only rows are never read. */
export function select(mapping: Mapping, wants: (row: Row) => boolean = () => true): Selection {
  const isRead = (row: Row) => !row.writeOnly && wants(row);
  const rows = mapping.rows.filter(isRead);
  const attributes = [...mapping.groups].flatMap(([attribute, groups]) => {
    const elements = groups
      .map((group) => ({ group, rows: group.rows.filter(isRead) }))
      .filter((element) => element.rows.length > 0);
    const { schema } = groups[0]!.rows[0]!.path;
    const extension = schema === mapping.type.schema ? undefined : schema.id;
    return attribute.name === "id" || elements.length === 0 ? [] : [{ attribute, extension, elements }];
  });
  return {
    mapping,
    attrs: [...new Set([mapping.id.attr, ...rows.flatMap(attrsRead)])],
    refs: rows.filter((row) => row.is === "ref"),
    expressions: rows.filter((row) => row.is === "expression" && row.read !== undefined) as ExpressionRow[],
    attributes,
  };
}
