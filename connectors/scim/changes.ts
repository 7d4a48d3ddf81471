import { type Change, type Value, valuesOf } from "../../src/connector/connector.ts";
import type { Resource } from "../../src/scim/schema.ts";
import {
  elementOf,
  isListed,
  isManyAt,
  nameOf,
  type Path,
  type PathOf,
  putAt,
  selectorText,
  valuesAt,
} from "./paths.ts";
import type { Version } from "./settings.ts";

/** Reports whether changes require reading the resource first. */
export const needsResource = (changes: readonly Change[], pathOf: PathOf): boolean =>
  changes.some(({ op, attr }) => op === "swap" || pathOf(attr).holds !== undefined);

/** A resource after changes, for a PUT. */
export function changed(
  resource: Resource,
  after: { readonly [attr: string]: Value | readonly Value[] | undefined },
  pathOf: PathOf,
): Resource {
  const result = structuredClone(resource);
  for (const attr of Object.keys(after)) putAt(result, pathOf(attr), valuesOf(after, attr));
  return result;
}

/** The body of a PATCH, RFC 7644 §3.5.2 or SCIM 1.1 §3.3.2. `present` is the resource if it was read. */
export function patchBody(
  all: readonly Change[],
  present: Resource | undefined,
  version: Version,
  schemas: readonly string[],
  pathOf: PathOf,
): Resource {
  const changes = all.filter((change, index) => !isReplaced(change, all.slice(index + 1)));
  if (version === "1.1") return olderPatch(changes, schemas, pathOf);
  const paths = changes.map((change) => ({ change, path: pathOf(change.attr) }));
  // Changes of a new element are added together.
  const byElement = Map.groupBy(paths, ({ change, path }) =>
    path.holds && (change.op === "replace" || change.op === "swap")
      ? `${nameOf(path)} ${JSON.stringify(path.holds)}`
      : change,
  );
  const Operations = [...byElement.values()].flatMap((group) => {
    const [{ path }] = group as [(typeof paths)[number]];
    const isNew = group.length > 1 && valuesAt(present ?? {}, { ...path, sub: undefined }).length === 0;
    return isNew ? newElement(group) : group.flatMap((each) => operations(each.change, present, each.path));
  });
  return { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations };
}

/** Reports whether a later change leaves nothing of a change. A swap also compares. */
const isReplaced = ({ op, attr }: Change, later: readonly Change[]): boolean =>
  op !== "swap" && later.some((other) => other.op === "replace" && other.attr === attr);

/** The values that a change leaves, if it determines them itself. */
const valuesPut = (change: Change): readonly Value[] =>
  change.op === "swap" ? (change.to === null ? [] : [change.to]) : change.values;

/** A new element from several changes. */
function newElement(group: readonly { readonly change: Change; readonly path: Path }[]): object[] {
  const [{ path }] = group as [(typeof group)[number]];
  const parts = group.flatMap(({ change, path: { sub } }) =>
    valuesPut(change)
      .slice(0, 1)
      .map((value) => [sub ?? "value", value]),
  );
  return parts.length === 0
    ? []
    : [{ op: "add", path: nameOf(path), value: [{ ...path.holds, ...Object.fromEntries(parts) }] }];
}

function operations(change: Change, present: Resource | undefined, path: Path): object[] {
  const { holds, sub } = path;
  const name = nameOf(path);
  const values = valuesPut(change);
  const elements = values.map((value) => elementOf(path, value));
  const inner = sub ?? "value";
  if (change.op === "add") return elements.length === 0 ? [] : [{ op: "add", path: name, value: elements }];
  if (change.op === "delete") {
    const compared = (value: Value) => `${holds || sub !== undefined ? inner : "value"} eq ${JSON.stringify(value)}`;
    return values.map((value) => ({ op: "remove", path: `${name}[${selectorText(holds, compared(value))}]` }));
  }
  if (holds) {
    const there = valuesAt(present ?? {}, path);
    if (there.length === 1 && values.length === 1)
      return [{ op: "replace", path: `${name}[${selectorText(holds)}].${inner}`, value: values[0] }];
    // Without its value the element is removed as a whole; without another sub-attribute it stays.
    const whole = `${name}[${selectorText(holds)}]${inner === "value" ? "" : `.${inner}`}`;
    return [
      ...(there.length > 0 ? [{ op: "remove", path: whole }] : []),
      ...(values.length > 0 ? [{ op: "add", path: name, value: elements }] : []),
    ];
  }
  const isList = isManyAt(path, values);
  const target = isList || sub === undefined ? name : `${name}.${sub}`;
  if (values.length === 0) return [{ op: "remove", path: target }];
  return [{ op: "replace", path: target, value: isList ? elements : values[0] }];
}

/** SCIM 1.1 sends a partial resource, and lists removed attributes in `meta.attributes`. */
function olderPatch(changes: readonly Change[], schemas: readonly string[], pathOf: PathOf): Resource {
  const body: Resource = { schemas: [...schemas] };
  const gone: string[] = [];
  const lists = new Map<string, unknown[]>();
  for (const change of changes) {
    const path = pathOf(change.attr);
    const values = valuesPut(change);
    const name = nameOf(path);
    const isMany = path.holds !== undefined || change.op === "add" || change.op === "delete" || isListed(path);
    if (isMany) {
      const elements = values.map((value) => elementOf(path, value));
      const marked =
        change.op === "delete" ? elements.map((each) => ({ ...(each as object), operation: "delete" })) : elements;
      if (change.op === "replace") gone.push(name);
      lists.set(path.attribute, [...(lists.get(path.attribute) ?? []), ...marked]);
    } else if (values.length === 0) gone.push(path.sub === undefined ? name : `${name}.${path.sub}`);
    else putAt(body, path, values);
  }
  for (const [attribute, elements] of lists) if (elements.length > 0) body[attribute] = elements;
  if (gone.length > 0) body.meta = { attributes: gone };
  return body;
}
