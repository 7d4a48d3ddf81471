import { nearest, nearestOf } from "../connector/kit/text.ts";
import { comparedWith, isSumAtTop, nameAlone } from "../expression/inspect.ts";
import { leafOf } from "../scim/path.ts";
import { type Attribute, findAttribute } from "../scim/schema.ts";
import type { MappingSource } from "./format.ts";
import { attrsRead, type ExpressionRow, type Mapping, type Row } from "./mapping.ts";
import type { Problem } from "./problem.ts";
import { isExpression } from "./row-checks.ts";

/** Warnings about a mapping that compiles but probably does not do what was intended, and errors that would give wrong results. */
export function mappingRemarks(source: MappingSource, mapping: Mapping): Problem[] {
  return [
    ...mapping.rows.flatMap((row) => rowWarnings(source, row)),
    ...unwritable(mapping),
    ...droppedMails(source, mapping),
    ...oddTypes(source, mapping),
  ];
}

const isOfTable = ({ attributes }: MappingSource, { name }: Row): boolean => name in attributes;

function rowWarnings(source: MappingSource, row: Row): Problem[] {
  if (!isOfTable(source, row)) return [];
  const at = ["attributes", row.name];
  if (row.is !== "expression") {
    const isNamedTwice = isExpression(row.attr);
    return isNamedTwice
      ? [
          {
            path: [...at, "attr"],
            code: "expression-as-name",
            severity: "warning",
            message: `"${row.attr}" looks like an expression, but is used as the name of an attribute: for an expression, write { read: ... }`,
          },
        ]
      : [];
  }
  return [...addedText(row, at), ...loosely(row, at)];
}

/** Arithmetic on text: `givenName + sn` is not a name. */
function addedText({ read, path }: ExpressionRow, at: readonly string[]): Problem[] {
  const { type } = leafOf(path);
  if (!read || type !== "string" || !isSumAtTop(read.tree)) return [];
  const part = { text: read.source, position: read.source.indexOf("+"), length: 1 };
  const message = "+ adds numbers, but this attribute is text: join texts with &";
  return [{ path: [...at, "read"], code: "adds-text", severity: "warning", message, part, suggestion: "&" }];
}

/** A filter on a non-text attribute that would compare the backend attribute with the wrong value. */
function loosely({ read, search, path }: ExpressionRow, at: readonly string[]): Problem[] {
  const { type, name } = leafOf(path);
  if (!read || search === undefined || !["boolean", "integer", "decimal", "dateTime"].includes(type)) return [];
  if (nameAlone(read.tree) === search) return [];
  const texts = comparedWith(read.tree, search).filter((each) => typeof each === "string");
  const example = type === "boolean" ? "true" : "the value";
  const held =
    texts.length > 0
      ? `, but the expression compares it with ${texts.map((each) => JSON.stringify(each)).join(", ")}`
      : "";
  const message = `a filter on ${name} would ask the backend for ${search} = ${example}${held}: it would find nobody, or the wrong entries. Remove "search", or use "as" instead of an expression`;
  const severity = texts.length > 0 && type === "boolean" ? undefined : "warning";
  return [{ path: [...at, "search"], code: "search", message, ...(severity && { severity }) }];
}

/** Required attributes that nothing stores. A mapping that writes nothing is a source and needs none. */
function unwritable({ type, rows, write, create }: Mapping): Problem[] {
  if (!rows.some(({ readOnly }) => !readOnly)) return [];
  const made = new Set([...write, ...create].map(({ attr }) => attr.toLowerCase()));
  return type.schema.attributes
    .filter((each) => each.required && each.mutability !== "readOnly")
    .flatMap((attribute): Problem[] => {
      const own = rows.filter(({ path }) => path.attribute === attribute);
      const isKept = own.some((row) => !row.readOnly || attrsRead(row).some((attr) => made.has(attr.toLowerCase())));
      if (isKept || own.length === 0) return [];
      return [
        {
          path: ["attributes", own[0]!.name],
          code: "not-written",
          severity: "warning",
          message: `a ${type.name} requires ${attribute.name}, but this mapping only reads it: the value that a client sends is lost. Make the row writable, or set its attribute with "create" or "write"`,
        },
      ];
    });
}

/** Addresses that clients commonly send and that would be dropped. */
function droppedMails({ unmapped }: MappingSource, { groups, type }: Mapping): Problem[] {
  const emails = findAttribute(type.schema.attributes, "emails");
  const rows = emails && groups.get(emails);
  if (!rows || type.name !== "User" || unmapped === "reject") return [];
  const isWritten = rows.some((group) => group.rows.some(({ readOnly }) => !readOnly));
  const kept = rows.map(({ selector }) => selector.type);
  const isOdd = kept.some((each) => !canonicalTypes(emails).includes(String(each)));
  if (!isWritten || isOdd || kept.includes("home")) return [];
  const first = rows[0]!.rows[0]!;
  return [
    {
      path: ["attributes", first.name],
      onKey: true,
      code: "dropped-values",
      severity: "warning",
      message: `only ${kept.map((each) => `"${each}"`).join(" and ")} addresses are stored: a "home" address that a client sends is dropped. Map emails[type eq "home"].value, or set unmapped: reject`,
    },
  ];
}

/** The element types that the schema defines. */
const canonicalTypes = ({ subAttributes }: Attribute): readonly string[] =>
  findAttribute(subAttributes, "type")?.canonicalValues ?? [];

/** A selector with an unknown type that resembles a known one. */
function oddTypes(source: MappingSource, { groups }: Mapping): Problem[] {
  return [...groups.values()].flat().flatMap(({ attribute, selector, rows }): Problem[] => {
    const known = canonicalTypes(attribute);
    const type = selector.type;
    const row = rows[0];
    if (typeof type !== "string" || known.includes(type) || !row || !isOfTable(source, row)) return [];
    const meant = nearestOf(type, known);
    if (meant === undefined) return [];
    const message = `"${type}" is not a type of ${attribute.name} in the schema${nearest(type, known)}`;
    return [
      {
        path: ["attributes", row.name],
        onKey: true,
        code: "unknown-type",
        severity: "warning",
        message,
        suggestion: meant,
      },
    ];
  });
}
