import { type Change, type Condition, type Entry, type Value, valuesOf } from "../connector/connector.ts";
import { applyChanges } from "../connector/reference.ts";
import { attrsOf, type RefRow } from "../mapping/mapping.ts";
import { type Selection, select } from "../mapping/selection.ts";
import { badRequest, forbidden, notFound, ScimError } from "../scim/error.ts";
import { compileFilter, type Predicate } from "../scim/evaluate.ts";
import { attributesIn, typedFilter } from "../scim/path.ts";
import { ask, type Context } from "./context.ts";
import { type Endpoint, type Endpoints, keysNamed, knownReferences } from "./references.ts";
import { resourcesOf } from "./serving.ts";
import { attrsOfWrite, type Write, type WriteStep } from "./writes.ts";

/** What must never be changed, by resource type. */
export type Protection = Readonly<
  Record<string, { readonly entries?: string | undefined; readonly attributes: readonly string[] }>
>;

/**
 * Refuses writes to protected backend attributes and their parts (`profile` and `profile.title`). Throws a `ScimError` for a name that the
 * mapping does not write: it would protect nothing, while another name may write the same data.
 */
export const protectedAttributes = (protection: Protection, endpoints: Endpoints): WriteStep => {
  const names = new Map(Object.entries(protection).map(([type, { attributes }]) => [type, attributes]));
  for (const [type, attributes] of names) {
    const endpoint = endpoints.get(type);
    const written = endpoint ? [...attrsOf(endpoint.mapping), ...endpoint.mapping.create.map(({ attr }) => attr)] : [];
    const idle = attributes.find((name) => !written.some((attr) => isBelow(attr, name)));
    if (idle !== undefined)
      throw badRequest(
        "invalidPath",
        `the mapping of ${type} does not write "${idle}", so this protects nothing: use a name from the mapping`,
      );
  }
  return (next) => async (write) => {
    const ofType = names.get(write.endpoint.mapping.type.name) ?? [];
    const touched = attrsOfWrite(write).find((attr) => ofType.some((name) => isBelow(attr, name)));
    if (touched !== undefined)
      throw badRequest("mutability", `"${touched}" is protected (safety.protect): nothing was changed.`, {
        refusal: "protected attribute",
      });
    return next(write);
  };
};

const isBelow = (attr: string, name: string): boolean => `${attr}.`.toLowerCase().startsWith(`${name}.`.toLowerCase());

/** A rule that decides which resources of a type are protected, and what it needs to read. */
interface Rule {
  readonly endpoint: Endpoint;
  readonly holds: Predicate;
  readonly selection: Selection;
}

/**
 * Refuses every change to protected resources: attributes, deletion and memberships in other resources' lists. A rule is evaluated on the
 * resource before the write, with everything that it refers to, whatever the client requested. Throws a `ScimError` for an invalid filter,
 * or one that refers to something unreadable.
 */
export function protectedEntries(protection: Protection, endpoints: Endpoints): WriteStep {
  const rules = new Map<string, Rule>();
  for (const [type, { entries }] of Object.entries(protection)) {
    const endpoint = endpoints.get(type);
    if (endpoint && entries !== undefined) rules.set(type, ruleOf(entries, endpoint));
  }
  if (rules.size === 0) return (next) => next;
  return (next) => async (write) => {
    const { type } = write.endpoint.mapping;
    const rule = rules.get(type.name);
    if (rule && write.action !== "create") {
      const [found] = await entriesWith(write.endpoint, [write.key], rule.selection.attrs, write.context);
      // A resource that cannot be read is not written either: the backend might know it by another spelling.
      if (!found) throw noSuch(type.name);
      if (await holdsOf(rule, [found], endpoints, write.context))
        throw forbidden(`This ${type.name} is protected (safety.protect): nothing was changed.`, "protected entry");
    }
    let checked = write;
    for (const row of write.endpoint.mapping.rows)
      if (row.is === "ref" && row.many && !row.readOnly) checked = await checkMembers(row, checked, rules, endpoints);
    return next(checked);
  };
}

function ruleOf(entries: string, endpoint: Endpoint): Rule {
  const { mapping } = endpoint;
  const filter = typedFilter(entries, mapping.type, (attribute) => mapping.groups.has(attribute));
  const attributes = attributesIn(filter);
  const selection = select(mapping, ({ path }) => attributes.includes(path.attribute));
  const isRead = (name: string) =>
    ["id", "meta"].includes(name) || selection.attributes.some(({ attribute }) => attribute.name === name);
  const unread = attributes.find(({ name }) => !isRead(name));
  if (unread)
    throw badRequest("invalidFilter", `"${unread.name}" cannot be read, so it cannot be used for protection.`);
  return { endpoint, holds: compileFilter(filter, mapping.type), selection };
}

/** Maximum number of entries in one search. */
const BATCH = 200;

/** Reports whether any of some entries is protected. */
async function holdsOf(
  { endpoint, holds, selection }: Rule,
  entries: readonly Entry[],
  endpoints: Endpoints,
  context: Context,
): Promise<boolean> {
  const known = knownReferences(endpoints, endpoint, context);
  return (await resourcesOf({ endpoints }, entries, selection, context, known)).some(holds);
}

/** Reports whether any entry with these keys is protected, and adds existing keys to `found`. */
async function findsProtected(
  rule: Rule,
  keys: readonly string[],
  endpoints: Endpoints,
  context: Context,
  found: Set<string>,
): Promise<boolean> {
  const { attr } = rule.endpoint.mapping.id;
  for (let at = 0; at < keys.length; at += BATCH) {
    const attrs = [...new Set([attr, ...rule.selection.attrs])];
    const entries = await entriesWith(rule.endpoint, keys.slice(at, at + BATCH), attrs, context);
    for (const entry of entries) found.add(String(valuesOf(entry, attr)[0]));
    if (await holdsOf(rule, entries, endpoints, context)) return true;
  }
  return false;
}

/** Reads entries by key: one directly, several in one search if the backend supports it. */
async function entriesWith(
  endpoint: Endpoint,
  keys: readonly string[],
  attrs: readonly string[],
  context: Context,
): Promise<readonly Entry[]> {
  const { mapping, connector } = endpoint;
  const conditions = keys.map((value): Condition => ({ op: "eq", attr: mapping.id.attr, value, caseExact: true }));
  const where: Condition = { op: "or", conditions };
  const isAnswered = [where, ...conditions].every((each) => connector.supports(mapping.kind, each) !== "none");
  if (keys.length > 1 && isAnswered)
    return (await ask(context, endpoint, "search", { where, attrs, limit: keys.length, count: false })).entries;
  const found = await Promise.all(keys.map((key) => ask(context, endpoint, "get", { key, attrs }).catch(gone)));
  return found.filter((entry) => entry !== undefined);
}

function gone(error: unknown): undefined {
  if (!(error instanceof ScimError) || error.status !== 404) throw error;
}

/**
 * Throws 403 if a write would add a protected resource to a list or remove it from one. Returns the write without removals of absent
 * values: the backend might know an entry by another spelling than the one that was checked.
 */
async function checkMembers(
  row: RefRow,
  write: Write,
  rules: ReadonlyMap<string, Rule>,
  endpoints: Endpoints,
): Promise<Write> {
  const { endpoint, context } = write;
  const { connector } = endpoint;
  const guarding = row.refs.flatMap((type) => rules.get(type) ?? []).filter((rule) => isServedBy(rule, endpoint));
  if (guarding.length === 0) return write;
  const { come, gone, checked } = await membersTouched(row.attr, write);
  const references = [...new Set([...come, ...gone])];
  if (references.length === 0) return checked;
  const found = new Set<string>();
  for (const rule of guarding) {
    const { type } = rule.endpoint.mapping;
    const resolved = async () =>
      connector.resolve
        ? [...(await ask(context, rule.endpoint, "resolve", { to: "keys", values: references })).values()]
        : references;
    const keys = row.by === undefined ? await resolved() : await keysBy(row.by, rule.endpoint, references, write);
    if (await findsProtected(rule, keys, endpoints, context, found))
      throw forbidden(
        `A protected ${type.name} would be added to or removed from "${row.name}" (safety.protect): nothing was changed.`,
        "protected entry",
      );
  }
  // A connector that resolves references has found them already, and they may be of other types.
  const isJudged = row.by !== undefined || connector.resolve !== undefined || row.refs.some((type) => !rules.has(type));
  const unknown = isJudged ? undefined : come.find((key) => !found.has(key));
  if (unknown !== undefined)
    throw badRequest(
      "invalidValue",
      `There is no ${row.refs.join(" or ")} ${JSON.stringify(unknown)} for "${row.name}".`,
    );
  return checked;
}

/** The keys of all entries that a reference by attribute may mean: if two share a name, either may be protected. */
const keysBy = async (
  by: string,
  endpoint: Endpoint,
  references: readonly string[],
  { context }: Write,
): Promise<string[]> => [...(await keysNamed(endpoint, by, references, context)).values()].flat();

const isServedBy = (rule: Rule, { connector }: Endpoint): boolean => rule.endpoint.connector === connector;

/** What a write adds to a list or removes from it, even temporarily, and the write without removals of absent values. */
interface Touched {
  readonly come: readonly string[];
  readonly gone: readonly string[];
  readonly checked: Write;
}

async function membersTouched(attr: string, write: Write): Promise<Touched> {
  if (write.action === "create") return { come: valuesOf(write.entry, attr).map(String), gone: [], checked: write };
  const changes = write.action === "update" ? write.changes.filter((change) => change.attr === attr) : [];
  if (write.action === "update" && changes.length === 0) return { come: [], gone: [], checked: write };
  if (changes.length > 0 && changes.every(({ op }) => op === "add"))
    return { come: changes.flatMap((change) => valuesIn(change).map(String)), gone: [], checked: write };
  const { endpoint, context, key } = write;
  const { mapping, connector } = endpoint;
  const entry = await ask(context, endpoint, "get", { key, attrs: [attr] });
  if (!entry) throw noSuch(mapping.type.name);
  const before = valuesOf(entry, attr).map(String);
  if (write.action === "delete") return { come: [], gone: before, checked: write };
  // In order, because a later change may remove what an earlier one added.
  const come = new Set<string>();
  const gone = new Set<string>();
  const left: Change[] = [];
  let present = new Set(before);
  for (const change of write.changes) {
    const own = change.attr === attr && change.op === "delete" && !connector.resolve ? onlyOf(change, present) : change;
    if (!own) continue;
    left.push(own);
    if (own.attr !== attr) continue;
    const after = new Set(valuesOf(applyChanges({ [attr]: [...present] }, [settled(own)]), attr).map(String));
    for (const each of after.difference(present)) come.add(each);
    for (const each of present.difference(after)) gone.add(each);
    // A reference that the connector resolves may be spelled differently in the list.
    if (own.op === "delete") for (const each of own.values) gone.add(String(each));
    present = after;
  }
  return { come: [...come], gone: [...gone], checked: { ...write, changes: left } };
}

const noSuch = (type: string) => notFound(`There is no ${type} with this ID.`);

/** A removal reduced to present values; undefined if none are left. */
function onlyOf(change: Exclude<Change, { op: "swap" }>, present: ReadonlySet<string>): Change | undefined {
  const values = change.values.filter((each) => present.has(String(each)));
  return values.length === 0 ? undefined : { ...change, values };
}

const valuesIn = (change: Change): readonly Value[] =>
  change.op === "swap" ? [change.from, change.to].filter((value) => value !== null) : change.values;

/** The write itself checks a swap's old value. */
const settled = (change: Change): Change =>
  change.op === "swap"
    ? { op: "replace", attr: change.attr, values: change.to === null ? [] : [change.to] }
    : { ...change, values: change.values.map(String) };
