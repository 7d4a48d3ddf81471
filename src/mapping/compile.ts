import { nearest, nearestOf } from "../connector/kit/text.ts";
import { compileExpression, type Expression } from "../expression/compile.ts";
import type { AttributePath } from "../scim/path.ts";
import { type Attribute, findAttribute, isObject, type Resource, type ResourceType } from "../scim/schema.ts";
import { type Codec, codecFor, identity, text } from "./codecs.ts";
import type { MappingSource, RowSource } from "./format.ts";
import { type AttrRow, type ExpressionRow, type Group, isMixed, type Mapping, type Row, targetOf } from "./mapping.ts";
import { type Problem, ProblemError, problemAt } from "./problem.ts";
import { attributeNamed, checkValues } from "./row-checks.ts";
import { rowPath } from "./row-path.ts";
import { templateRows } from "./template.ts";

type Compiled =
  | { readonly mapping: Mapping; readonly problems: readonly [] }
  | { readonly mapping?: undefined; readonly problems: readonly Problem[] };

/** What a mapping is compiled against. */
export interface MappingNames {
  /** Attribute types of the connector. */
  readonly attributeTypes?: readonly string[];
  /** The file, for errors of its expressions. */
  readonly file?: string | undefined;
  /** Whether it is a draft, whose expressions requests must never wait for. */
  readonly isDraft?: boolean | undefined;
}

/**
 * Compiles a mapping when it is loaded: resolves paths, builds codecs and compiles JSONata. Returns all mistakes together, so that none is
 * left for a request to find.
 */
export function compileMapping(
  source: MappingSource,
  types: readonly ResourceType[],
  { attributeTypes = [], file, isDraft = false }: MappingNames = {},
): Compiled {
  const type = types.find((each) => each.name === source.resource);
  if (!type) {
    const names = types.map((each) => each.name);
    const message = `there is no resource type "${source.resource}"${nearest(source.resource, names)}`;
    return { problems: [{ path: ["resource"], message, ...unknownName(source.resource, names) }] };
  }
  const problems: Problem[] = [];
  const attempt = <T>(path: readonly (string | number)[], compile: () => T): T | undefined => {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      problems.push(problemAt(path, error));
      return undefined;
    }
  };
  const compileAt = (path: readonly (string | number)[], text: string): Expression | undefined =>
    attempt(path, () => compileExpression(text, { place: { file, row: placeName(path) }, isDraft }));

  const drafts: Draft[] = Object.entries(source.attributes).flatMap(([name, right]) => {
    const draft = attempt(["attributes", name], () => {
      const settings = typeof right === "string" ? { attr: attributeNamed(right) } : right;
      const { path, selector, isWhole } = rowPath(name, type, settings.attr === undefined);
      return {
        row: compileRow(name, path, settings, { types, attributeTypes, attempt, compileAt, isWhole }),
        selector,
        primary: settings.primary === true,
      };
    });
    return draft?.row ? [{ ...draft, row: draft.row }] : [];
  });
  const write = Object.entries(source.write).flatMap(([attr, text]) => {
    const expression = compileAt(["write", attr], text);
    return expression ? [{ attr, expression }] : [];
  });
  const create = Object.entries(source.create).map(([attr, texts]) => {
    const compiled = [texts].flat().map((text, index) => {
      const at = ["create", attr];
      return compileAt(typeof texts === "string" ? at : [...at, index], text);
    });
    return { attr, expressions: compiled.filter((each) => each !== undefined) };
  });

  const table = drafts.map(({ row }) => row);
  const template =
    source.read === undefined
      ? []
      : attempt(["read"], () => templateRows(compileAt(["read"], source.read!), type, table));
  drafts.push(...(template ?? []).map((row) => ({ row, selector: {}, primary: false })));
  const rows = drafts.map(({ row }) => row);
  problems.push(...conflicts(rows), ...samePaths(drafts));
  const id = rows.find((row): row is AttrRow => row.is === "attr" && row.path.attribute.name === "id");
  // A row that exists but is invalid is reported once.
  const isWrong = (name: string) =>
    problems.some(({ path: [part, row = ""], suggestion }) => {
      const isRow = String(row).toLowerCase() === name.toLowerCase() || suggestion === name;
      return part === "attributes" && isRow;
    });
  if (!id && !isWrong("id"))
    problems.push({
      path: ["attributes"],
      onKey: true,
      message: 'there is no row for "id": map the attribute that holds the immutable key',
    });
  else if (id && !id.readOnly)
    problems.push({ path: ["attributes", id.name], message: 'the row for "id" must be readOnly: true' });
  const schemas = [type.schema, ...type.extensions.filter(({ id: urn }) => type.requiredExtensions?.includes(urn))];
  for (const required of schemas.flatMap(({ attributes }) => attributes.filter((each) => each.required))) {
    if (!rows.some((row) => row.path.attribute === required) && !isWrong(required.name)) {
      problems.push({
        path: ["attributes"],
        onKey: true,
        message: `there is no row for "${required.name}", which a ${type.name} requires`,
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

/** What a row is compiled with. */
interface Compiling {
  readonly types: readonly ResourceType[];
  readonly attributeTypes: readonly string[];
  readonly attempt: Attempt;
  /** Compiles an expression at its place. Returns undefined and reports a problem if it is invalid. */
  readonly compileAt: (path: readonly (string | number)[], source: string) => Expression | undefined;
  /** Whether the path is a complex attribute as a whole. */
  readonly isWhole: boolean;
}

type Attempt = <T>(path: readonly (string | number)[], compile: () => T) => T | undefined;

function compileRow(
  name: string,
  path: AttributePath,
  settings: RowSource,
  { types, attributeTypes, attempt, compileAt, isWhole }: Compiling,
): Row | undefined {
  const at = ["attributes", name];
  const schemaSays = (path.sub ?? path.attribute).mutability;
  const isReadOnly = settings.readOnly ?? (schemaSays === "readOnly" || path.attribute.mutability === "readOnly");
  const base = { name, path, readOnly: isReadOnly, writeOnly: settings.writeOnly ?? schemaSays === "writeOnly" };
  const isExpression = settings.read !== undefined || settings.write !== undefined;
  if (isExpression === (settings.attr !== undefined)) {
    throw new TypeError('a row has either "attr", or "read" and "write"');
  }
  if (base.readOnly && base.writeOnly) throw new TypeError("a row cannot be both readOnly and writeOnly");
  if (settings.attr === undefined) return { ...expressionRow(base, settings, at, compileAt), isWhole };
  const many = settings.many ?? false;
  if (many && !path.attribute.multiValued)
    throw new TypeError(`"many" requires a multi-valued attribute, but "${path.attribute.name}" is not`);
  if (settings.ref !== undefined) {
    if (settings.as !== undefined) throw new TypeError('"ref" and "as" cannot be combined');
    if (settings.by !== undefined && settings.outside === "show")
      throw new TypeError('"outside: show" cannot be combined with "by": there is no key to show');
    const refs = [settings.ref].flat();
    const names = types.map((each) => each.name);
    const absent = refs.find((ref) => !names.includes(ref));
    if (absent !== undefined) {
      const message = `there is no resource type "${absent}"${nearest(absent, names)}`;
      attempt([...at, "ref"], () => {
        throw new ProblemError(message, unknownName(absent, names));
      });
      return undefined;
    }
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
  if (settings.outside !== undefined) throw new TypeError('"outside" requires "ref"');
  if (settings.by !== undefined) throw new TypeError('"by" requires "ref"');
  const type = typeof settings.as === "string" && attributeTypes.includes(settings.as) ? settings.as : undefined;
  const codec: Codec | undefined =
    settings.as === undefined && (path.sub ?? path.attribute).type === "string"
      ? text
      : type === undefined
        ? attempt([...at, "as"], () => codecFor(settings.as, attributeTypes))
        : identity;
  if (typeof settings.as === "object" && "values" in settings.as) {
    const { values } = settings.as;
    attempt([...at, "as", "values"], () => checkValues(values, base));
  }
  if (codec?.isPartial && !many) throw new TypeError('"prefix" applies to the values of a list: add many: true');
  if (settings.unique && many) throw new TypeError('"unique" applies only to single values');
  return codec && { ...base, is: "attr", attr: settings.attr, codec, many, type, unique: settings.unique };
}

/** What tools are told about an unknown name. */
const unknownName = (name: string, known: readonly string[]) => ({
  code: "unknown-name",
  suggestion: nearestOf(name, known),
});

/** A place in a mapping as it is logged: `attributes."name.formatted".read`. */
const placeName = (path: readonly (string | number)[]): string =>
  path.map((each) => (/^\w+$/.test(String(each)) ? each : JSON.stringify(each))).join(".");

type RowHead = Pick<AttrRow, "name" | "path" | "readOnly" | "writeOnly">;

function expressionRow(
  base: RowHead,
  settings: RowSource,
  at: readonly string[],
  compileAt: Compiling["compileAt"],
): Omit<ExpressionRow, "isWhole"> {
  const write = Object.entries(settings.write ?? {}).flatMap(([attr, source]) => {
    const expression = compileAt([...at, "write", attr], source);
    return expression ? [{ attr, expression }] : [];
  });
  return {
    ...base,
    is: "expression",
    readOnly: base.readOnly || settings.write === undefined,
    read: settings.read === undefined ? undefined : compileAt([...at, "read"], settings.read),
    write,
    search: Object.values(settings.search ?? {})[0],
  };
}

/** Reports rows that write the same attribute or produce the same value. */
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

/** Reports rows for the same path in two notations: `title` and `Title`, or a URN and its shorthand. */
function samePaths(drafts: readonly Draft[]): Problem[] {
  const known = new Map<string, Row>();
  return drafts.flatMap(({ row, selector }): Problem[] => {
    const { path, name } = row;
    if (row.writeOnly || (row.is !== "expression" && row.many)) return [];
    const key = JSON.stringify([path.schema.id, path.attribute.name, path.sub?.name, selector]);
    const other = known.get(key);
    known.set(key, row);
    if (!other) return [];
    const message = `"${name}" and "${other.name}" are the same attribute: keep one of them`;
    return [{ path: ["attributes", name], onKey: true, code: "same-path", message }];
  });
}

/** Reports whether two rows write different bits of an integer. */
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

/** The constant `type` of a reference, if the schema defines it: `User` in members, `direct` in groups. */
function constantType(row: Row, selector: Resource): Resource {
  if (row.is !== "ref" || !row.path.attribute.multiValued || "type" in selector) return {};
  const values = findAttribute(row.path.attribute.subAttributes, "type")?.canonicalValues ?? [];
  const [ref = ""] = row.refs;
  const type = values.includes(ref) && !isMixed(row) ? ref : values.includes("direct") ? "direct" : undefined;
  return type ? { type } : {};
}

/** Reports whether an element matches a group's selector. */
export const isSelectedBy = (element: unknown, selector: Resource): boolean =>
  isObject(element) &&
  Object.entries(selector).every(
    ([name, value]) => String(element[name] ?? "").toLowerCase() === String(value).toLowerCase(),
  );
