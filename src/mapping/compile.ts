import { nearest } from "../connector/kit/text.ts";
import { compileExpression, type Expression } from "../expression/compile.ts";
import { ScimError } from "../scim/error.ts";
import { constantsOf } from "../scim/patch.ts";
import { type AttributePath, typedPath } from "../scim/path.ts";
import {
  type Attribute,
  ENTERPRISE_USER,
  findAttribute,
  isObject,
  type Resource,
  type ResourceType,
} from "../scim/schema.ts";
import { type Codec, codecFor, identity, text } from "./codecs.ts";
import type { MappingSource, RowSource } from "./format.ts";
import {
  type AttrRow,
  type ExpressionRow,
  type Group,
  isMixed,
  type Mapping,
  type Problem,
  type Row,
  targetOf,
} from "./mapping.ts";
import { templateRows } from "./template.ts";

type Compiled =
  | { readonly mapping: Mapping; readonly problems: readonly [] }
  | { readonly mapping?: undefined; readonly problems: readonly Problem[] };

/**
 * Compiles a mapping once, when it is loaded: paths found in the schemas, codecs made, JSONata compiled. All mistakes
 * are given back together, none is left for a request to find. `attributeTypes` are those that the connector knows.
 */
export function compileMapping(
  source: MappingSource,
  types: readonly ResourceType[],
  attributeTypes: readonly string[] = [],
): Compiled {
  const type = types.find((each) => each.name === source.resource);
  if (!type) {
    const names = types.map((each) => each.name);
    const hint = nearest(source.resource, names);
    return { problems: [{ path: ["resource"], message: `there is no resource type "${source.resource}"${hint}` }] };
  }
  const problems: Problem[] = [];
  const attempt = <T>(path: readonly (string | number)[], compile: () => T): T | undefined => {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      problems.push({ path, message: error.message });
      return undefined;
    }
  };

  const drafts: Draft[] = Object.entries(source.attributes).flatMap(([name, right]) => {
    const draft = attempt(["attributes", name], () => {
      const settings = typeof right === "string" ? { attr: right } : right;
      const { path, selector, isWhole } = rowPath(name, type, settings.attr === undefined);
      return {
        row: compileRow(name, path, settings, { types, attributeTypes, attempt, isWhole }),
        selector,
        primary: settings.primary === true,
      };
    });
    return draft?.row ? [{ ...draft, row: draft.row }] : [];
  });
  const write = Object.entries(source.write).flatMap(([attr, text]) => {
    const expression = attempt(["write", attr], () => compileExpression(text));
    return expression ? [{ attr, expression }] : [];
  });
  const create = Object.entries(source.create).map(([attr, texts]) => {
    const compiled = [texts].flat().map((text) => attempt(["create", attr], () => compileExpression(text)));
    return { attr, expressions: compiled.filter((each) => each !== undefined) };
  });

  const table = drafts.map(({ row }) => row);
  const template = source.read === undefined ? [] : attempt(["read"], () => templateRows(source.read!, type, table));
  drafts.push(...(template ?? []).map((row) => ({ row, selector: {}, primary: false })));
  const rows = drafts.map(({ row }) => row);
  problems.push(...conflicts(rows));
  const id = rows.find((row): row is AttrRow => row.is === "attr" && row.path.attribute.name === "id");
  if (!id)
    problems.push({
      path: ["attributes"],
      message: 'there is no row for "id": name the attribute that holds the immutable key',
    });
  else if (!id.readOnly)
    problems.push({ path: ["attributes", id.name], message: 'the row for "id" must be readOnly: true' });
  const schemas = [type.schema, ...type.extensions.filter(({ id: urn }) => type.requiredExtensions?.includes(urn))];
  for (const required of schemas.flatMap(({ attributes }) => attributes.filter((each) => each.required))) {
    if (!rows.some((row) => row.path.attribute === required)) {
      problems.push({
        path: ["attributes"],
        message: `there is no row for "${required.name}", which is required for a ${type.name}`,
      });
    }
  }
  if (problems.length > 0 || !id) return { problems };
  const version = rows.find(
    (row): row is AttrRow =>
      row.is === "attr" && row.path.attribute.name === "meta" && row.path.sub?.name === "version",
  );
  const mapping = {
    type,
    kind: source.kind,
    rows,
    groups: groupRows(drafts),
    id,
    version,
    write,
    create,
    unmapped: source.unmapped,
  };
  return { mapping, problems: [] };
}

/** A row's path: the file's shorthand expanded, found in the schemas, the selector taken off as what it fixes. */
function rowPath(name: string, type: ResourceType, mayBeWhole: boolean) {
  const found = typedPath(name.replace(/^enterprise:/, `${ENTERPRISE_USER}:`), type);
  const { selector, ...rest } = found;
  const isWhole = found.attribute.type === "complex" && !found.sub;
  const value = found.sub ?? findAttribute(found.attribute.subAttributes, "value");
  if (found.attribute.type === "complex" && !value && !mayBeWhole)
    throw new TypeError(`"${name}" is complex: name the sub-attribute that is mapped`);
  let fixed: Resource;
  try {
    fixed = constantsOf(selector, found);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw new TypeError('a selector in a mapping only says what identifies the element: [type eq "work"]');
  }
  if ("primary" in fixed) throw new TypeError("mark the row with primary: true; a selector holds only what identifies");
  const path: AttributePath = { ...rest, ...(value && { sub: value }) };
  return { path, selector: fixed, isWhole };
}

/** What a row is compiled with. */
interface Compiling {
  readonly types: readonly ResourceType[];
  readonly attributeTypes: readonly string[];
  readonly attempt: Attempt;
  /** Whether the path names a complex attribute as a whole. */
  readonly isWhole: boolean;
}

type Attempt = <T>(path: readonly (string | number)[], compile: () => T) => T | undefined;

function compileRow(
  name: string,
  path: AttributePath,
  settings: RowSource,
  { types, attributeTypes, attempt, isWhole }: Compiling,
): Row | undefined {
  const at = ["attributes", name];
  const schemaSays = (path.sub ?? path.attribute).mutability;
  const isReadOnly = settings.readOnly ?? (schemaSays === "readOnly" || path.attribute.mutability === "readOnly");
  const base = { name, path, readOnly: isReadOnly, writeOnly: settings.writeOnly ?? schemaSays === "writeOnly" };
  const isExpression = settings.read !== undefined || settings.write !== undefined;
  if (isExpression === (settings.attr !== undefined)) {
    throw new TypeError('a row has either "attr", or "read" and "write"');
  }
  if (base.readOnly && base.writeOnly) throw new TypeError("a row cannot be readOnly and writeOnly");
  if (settings.attr === undefined) return { ...expressionRow(base, settings, at, attempt), isWhole };
  const many = settings.many ?? false;
  if (many && !path.attribute.multiValued)
    throw new TypeError(`"many" needs a multi-valued attribute, which "${path.attribute.name}" is not`);
  if (settings.ref !== undefined) {
    if (settings.as !== undefined) throw new TypeError('"ref" and "as" exclude each other');
    if (settings.by !== undefined && settings.outside === "show")
      throw new TypeError('"outside: show" has no key to show of what is referred to "by" another attribute');
    const refs = [settings.ref].flat();
    const names = types.map((each) => each.name);
    const absent = refs.find((ref) => !names.includes(ref));
    if (absent !== undefined) throw new TypeError(`there is no resource type "${absent}"${nearest(absent, names)}`);
    return {
      ...base,
      is: "ref",
      attr: settings.attr,
      refs,
      by: settings.by,
      targets: refs.map((ref) => targetOf(ref, settings.by)),
      outside: settings.outside ?? "hide",
      many,
      missing: settings.missing ?? (many ? "reject" : "ignore"),
    };
  }
  if (settings.outside !== undefined) throw new TypeError('"outside" is said of a "ref"');
  if (settings.by !== undefined) throw new TypeError('"by" is said of a "ref"');
  const type = typeof settings.as === "string" && attributeTypes.includes(settings.as) ? settings.as : undefined;
  const codec: Codec | undefined =
    settings.as === undefined && (path.sub ?? path.attribute).type === "string"
      ? text
      : type === undefined
        ? attempt([...at, "as"], () => codecFor(settings.as, attributeTypes))
        : identity;
  if (codec?.isPartial && !many) throw new TypeError('"prefix" is said of the values of a list: add many: true');
  if (settings.unique && many) throw new TypeError('"unique" is said of a single value');
  return codec && { ...base, is: "attr", attr: settings.attr, codec, many, type, unique: settings.unique };
}

type RowHead = Pick<AttrRow, "name" | "path" | "readOnly" | "writeOnly">;

function expressionRow(
  base: RowHead,
  settings: RowSource,
  at: readonly string[],
  attempt: Attempt,
): Omit<ExpressionRow, "isWhole"> {
  const compileAt = (key: string, source: string): Expression | undefined =>
    attempt([...at, key], () => compileExpression(source));
  const write = Object.entries(settings.write ?? {}).flatMap(([attr, source]) => {
    const expression = attempt([...at, "write", attr], () => compileExpression(source));
    return expression ? [{ attr, expression }] : [];
  });
  return {
    ...base,
    is: "expression",
    readOnly: base.readOnly || settings.write === undefined,
    read: settings.read === undefined ? undefined : compileAt("read", settings.read),
    write,
    search: Object.values(settings.search ?? {})[0],
  };
}

/** Two rows that would write the same attribute, or make the same value, leave open which of them wins. */
function conflicts(rows: readonly Row[]): Problem[] {
  const writers = new Map<string, Row>();
  return rows.flatMap((row): Problem[] => {
    if (row.is === "expression" || row.readOnly) return [];
    const other = writers.get(row.attr.toLowerCase());
    writers.set(row.attr.toLowerCase(), row);
    if (!other || areOtherBits(row, other)) return [];
    return [
      {
        path: ["attributes", row.name],
        message: `"${row.attr}" is already written by "${other.name}": make one of them readOnly`,
      },
    ];
  });
}

/** Whether two rows write bits of one integer, each its own. */
function areOtherBits(row: Row, other: Row): boolean {
  if (row.is !== "attr" || other.is !== "attr") return false;
  const [one, two] = [row.codec.bits, other.codec.bits];
  return one !== undefined && two !== undefined && (one & two) === 0;
}

type Draft = { row: Row; selector: Resource; primary: boolean };

function groupRows(drafts: readonly Draft[]): Map<Attribute, Group[]> {
  const groups = new Map<Attribute, (Group & { rows: Row[]; constants: Resource })[]>();
  for (const { row, selector, primary } of drafts) {
    const { attribute } = row.path;
    const siblings = groups.get(attribute) ?? [];
    groups.set(attribute, siblings);
    const many = row.is !== "expression" && row.many;
    const same = siblings.find(
      (group) => JSON.stringify(group.selector) === JSON.stringify(selector) && !group.many && !many,
    );
    if (same) {
      same.rows.push(row);
      if (primary) same.constants.primary = true;
    } else {
      siblings.push({
        attribute,
        selector,
        constants: { ...selector, ...constantType(row, selector), ...(primary && { primary }) },
        rows: [row],
        many,
      });
    }
  }
  return groups;
}

/** A reference's `type` follows from the row where the schema says so: `User` in members, `direct` in groups. */
function constantType(row: Row, selector: Resource): Resource {
  if (row.is !== "ref" || !row.path.attribute.multiValued || "type" in selector) return {};
  const values = findAttribute(row.path.attribute.subAttributes, "type")?.canonicalValues ?? [];
  const [ref = ""] = row.refs;
  const type = values.includes(ref) && !isMixed(row) ? ref : values.includes("direct") ? "direct" : undefined;
  return type ? { type } : {};
}

/** True when an element is the one that a group's selector names. */
export const isSelectedBy = (element: unknown, selector: Resource): boolean =>
  isObject(element) &&
  Object.entries(selector).every(
    ([name, value]) => String(element[name] ?? "").toLowerCase() === String(value).toLowerCase(),
  );
