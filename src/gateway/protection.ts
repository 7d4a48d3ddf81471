import { type Change, type Condition, type Entry, type Value, valuesOf } from "../connector/connector.ts";
import type { RefRow } from "../mapping/mapping.ts";
import { type Selection, select } from "../mapping/selection.ts";
import { badRequest, forbidden, ScimError } from "../scim/error.ts";
import { compileFilter, type Predicate } from "../scim/evaluate.ts";
import { attributesIn, typedFilter } from "../scim/path.ts";
import { ask, type Context } from "./context.ts";
import { type Endpoint, type Endpoints, knownReferences } from "./references.ts";
import { resourcesOf } from "./serving.ts";
import { attrsOfWrite, type Write, type WriteStep } from "./writes.ts";

/** What must never be touched, by resource type. */
export type Protection = Readonly<
  Record<string, { readonly entries?: string | undefined; readonly attributes: readonly string[] }>
>;

/** Refuses to write attributes of the backend that are never to be written. */
export const protectedAttributes = (protection: Protection): WriteStep => {
  const names = new Map(
    Object.entries(protection).map(([type, { attributes }]) => [
      type,
      new Set(attributes.map((attr) => attr.toLowerCase())),
    ]),
  );
  return (next) => async (write) => {
    const ofType = names.get(write.endpoint.mapping.type.name);
    const touched = ofType && attrsOfWrite(write).find((attr) => ofType.has(attr.toLowerCase()));
    if (touched !== undefined)
      throw badRequest("mutability", `"${touched}" is protected here (safety.protect): nothing was written.`, {
        refusal: "protected attribute",
      });
    return next(write);
  };
};

/** A rule that says which resources of a type are protected, and what has to be read to tell. */
interface Rule {
  readonly endpoint: Endpoint;
  readonly holds: Predicate;
  readonly selection: Selection;
}

/**
 * Changes nothing of what filters find: no attribute, no deletion, no membership in a list of another resource. A rule is
 * evaluated on all that it speaks of, whatever the client asked for, on the resource as it is before the write.
 * Throws a `ScimError` for a filter that is none, or that speaks of what cannot be read.
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
    if (rule && write.action !== "create" && (await findsProtected(rule, [write.key], endpoints, write.context)))
      throw forbidden(`This ${type.name} is protected (safety.protect): nothing was changed.`, "protected entry");
    for (const row of write.endpoint.mapping.rows)
      if (row.is === "ref" && row.many && !row.readOnly) await checkMembers(row, write, rules, endpoints);
    return next(write);
  };
}

function ruleOf(entries: string, endpoint: Endpoint): Rule {
  const { mapping } = endpoint;
  const filter = typedFilter(entries, mapping.type);
  const attributes = attributesIn(filter);
  const selection = select(mapping, ({ path }) => attributes.includes(path.attribute));
  const isRead = (name: string) =>
    ["id", "meta"].includes(name) || selection.attributes.some(({ attribute }) => attribute.name === name);
  const unread = attributes.find(({ name }) => !isRead(name));
  if (unread)
    throw badRequest("invalidFilter", `"${unread.name}" cannot be read here, so that nothing can be protected by it.`);
  return { endpoint, holds: compileFilter(filter, mapping.type), selection };
}

/** How many entries one search names. */
const BATCH = 200;

/** Whether one of the entries with these keys is protected. */
async function findsProtected(
  { endpoint, holds, selection }: Rule,
  keys: readonly string[],
  endpoints: Endpoints,
  context: Context,
): Promise<boolean> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const entries = await entriesWith(endpoint, keys.slice(at, at + BATCH), selection.attrs, context);
    const known = knownReferences(endpoints, endpoint, context);
    if ((await resourcesOf({ endpoints }, entries, selection, context, known)).some(holds)) return true;
  }
  return false;
}

/** Reads entries by their keys: one by itself, several in one search where the backend answers that. */
async function entriesWith(
  { mapping, connector }: Endpoint,
  keys: readonly string[],
  attrs: readonly string[],
  context: Context,
): Promise<readonly Entry[]> {
  const { kind } = mapping;
  const { signal } = context;
  const conditions = keys.map((value): Condition => ({ op: "eq", attr: mapping.id.attr, value, caseExact: true }));
  const where: Condition = { op: "or", conditions };
  const isAnswered = [where, ...conditions].every((each) => connector.supports(kind, each) !== "none");
  if (keys.length > 1 && isAnswered)
    return (
      await ask(context, () => connector.search({ kind, where, attrs, limit: keys.length, count: false, signal }))
    ).entries;
  const found = await Promise.all(
    keys.map((key) => ask(context, () => connector.get({ kind, key, attrs, signal })).catch(gone)),
  );
  return found.filter((entry) => entry !== undefined);
}

function gone(error: unknown): undefined {
  if (!(error instanceof ScimError) || error.status !== 404) throw error;
}

/** Throws 403 where a write would put a protected resource into a list, or take it out of one. */
async function checkMembers(
  row: RefRow,
  write: Write,
  rules: ReadonlyMap<string, Rule>,
  endpoints: Endpoints,
): Promise<void> {
  const { endpoint, context } = write;
  const guarding = row.refs.flatMap((type) => rules.get(type) ?? []).filter((rule) => isServedBy(rule, endpoint));
  if (guarding.length === 0) return;
  const references = await membersTouched(row.attr, write);
  if (references.length === 0) return;
  for (const rule of guarding) {
    const { connector } = endpoint;
    const { kind, type } = rule.endpoint.mapping;
    const { signal } = context;
    const keys = connector.resolve
      ? [...(await ask(context, () => connector.resolve!({ kind, to: "keys", values: references, signal }))).values()]
      : references;
    if (await findsProtected(rule, keys, endpoints, context))
      throw forbidden(
        `A protected ${type.name} would be added to "${row.name}", or taken out of it (safety.protect): nothing was changed.`,
        "protected entry",
      );
  }
}

const isServedBy = (rule: Rule, { connector }: Endpoint): boolean => rule.endpoint.connector === connector;

/** The values of a list that a write adds or takes away. */
async function membersTouched(attr: string, write: Write): Promise<string[]> {
  if (write.action === "create") return valuesOf(write.entry, attr).map(String);
  const changes = write.action === "update" ? write.changes.filter((change) => change.attr === attr) : [];
  if (write.action === "update" && changes.length === 0) return [];
  if (changes.length > 0 && changes.every(({ op }) => op === "add" || op === "delete"))
    return changes.flatMap((change) => valuesIn(change).map(String));
  const { endpoint, context } = write;
  const { mapping, connector } = endpoint;
  const { signal } = context;
  const request = { kind: mapping.kind, key: write.key, attrs: [attr], signal };
  const entry = (await ask(context, () => connector.get(request))) ?? {};
  const before = new Set(valuesOf(entry, attr).map(String));
  const after = new Set(changes.flatMap(valuesIn).map(String));
  return [...before.symmetricDifference(after)];
}

const valuesIn = (change: Change): readonly Value[] =>
  change.op === "swap" ? [change.from, change.to].filter((value) => value !== null) : change.values;
