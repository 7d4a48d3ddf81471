import type { Attribute } from "../scim/schema.ts";
import { attrsRead, type ExpressionRow, type Group, type Mapping, type RefRow, type Row } from "./mapping.ts";

/** The rows of a mapping that are worth reading, laid out in the way in which an entry is read. */
export interface Selection {
  readonly mapping: Mapping;
  /** The attributes of the entry that the rows read, the key always among them. */
  readonly attrs: readonly string[];
  readonly refs: readonly RefRow[];
  readonly expressions: readonly ExpressionRow[];
  readonly attributes: readonly SelectedAttribute[];
}

/** An attribute that is shown, with the rows that make it. */
export interface SelectedAttribute {
  readonly attribute: Attribute;
  /** The URN of the extension that it belongs to; undefined for the type's own schema. */
  readonly extension: string | undefined;
  readonly elements: readonly { readonly group: Group; readonly rows: readonly Row[] }[];
}

/** Selects the rows that `wants` holds for; those that are only written are never read. */
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
