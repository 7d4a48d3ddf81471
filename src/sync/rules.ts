import { compileExpression, type Expression, ExpressionError } from "../expression/compile.ts";
import { isTrue } from "../expression/truth.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { type Problem, problemAt } from "../mapping/problem.ts";
import { ScimError } from "../scim/error.ts";
import { compileFilter, type Predicate } from "../scim/evaluate.ts";
import { typedFilter } from "../scim/path.ts";
import { isObject, type Resource, type ResourceType } from "../scim/schema.ts";
import { CLOCK_FUNCTIONS } from "./clock.ts";
import type { RuleSource, SyncSettings } from "./definition.ts";
import { type Place, placeIn, shortNames, valueAt, withUrns } from "./values.ts";

/** What all rules have in common. */
interface Flow {
  readonly place: Place;
  readonly when: "always" | "create" | "empty";
  readonly keepsNull: boolean;
  /** Whether the value is a secret, such as a password. It is not stored, compared or shown. */
  readonly isSecret: boolean;
}

/** A rule for an attribute of the target. */
export type Rule = Flow &
  (
    | { readonly is: "path"; readonly from: Place }
    | { readonly is: "constant"; readonly value: unknown }
    | { readonly is: "expression"; readonly expressions: readonly Expression[]; readonly isUnique: boolean }
    | { readonly is: "reference"; readonly from: Place; readonly by: Place | undefined }
  );

/** A condition on a person: JSONata, or a filter. */
export type Test = (input: PersonInput) => Promise<boolean>;

/** A person as expressions see it. */
export interface PersonInput {
  readonly resource: Resource;
  /** The resource, with its extensions also under their short names. */
  readonly input: Resource;
  /** Functions for expressions. */
  readonly bindings: Record<string, unknown>;
}

/** The groups of a rule. */
export interface GroupRule {
  readonly name: Expression;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The compiled rules of a sync. */
export interface Rules {
  readonly source: ResourceType;
  readonly target: ResourceType;
  readonly key: Place;
  readonly zone: string | Expression;
  readonly isLastDayInclusive: boolean;
  readonly scope: Test | undefined;
  readonly left: Expression | undefined;
  readonly match: readonly Place[];
  /** The match paths that identify an account's owner with certainty: the first one, unless it is a chosen name. */
  readonly sure: ReadonlySet<string>;
  readonly rules: readonly Rule[];
  readonly active: Place;
  readonly rehires: readonly Place[];
  readonly groups: readonly GroupRule[];
  /** The source paths by which people are referred to, besides their keys. */
  readonly aliases: readonly Place[];
  /** What each stage of leaving writes, by index. */
  readonly stages: ReadonlyMap<number, readonly { readonly place: Place; readonly value: unknown }[]>;
}

/** What a sync reads and writes: the mapping of a route's type, or only the type. */
export interface Ends {
  readonly source: Pick<Mapping, "type" | "rows">;
  readonly target: { readonly type: ResourceType; readonly rows: Mapping["rows"] | undefined };
}

/** Compiles the rules of a sync. With problems they must not be used. */
export function compileRules(
  settings: SyncSettings,
  { source, target }: Ends,
): { readonly rules: Rules; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const attempt = <T>(path: readonly (string | number)[], make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ScimError || error instanceof ExpressionError)) throw error;
      problems.push(problemAt(path, error));
      return undefined;
    }
  };
  const at = { source: source.type, target: target.type };
  const places = (of: "source" | "target", key: string, names: readonly string[]): Place[] =>
    names.flatMap((name, index) => attempt([key, index], () => placeIn(at[of], name)) ?? []);
  const given = Object.keys(settings.attributes).length > 0 ? settings.attributes : oneToOne({ source, target });
  const rules = Object.entries(given).flatMap(
    ([name, rule]) => attempt(["attributes", name], () => compileRule(name, rule, at)) ?? [],
  );
  const match = places("target", "match", settings.match).filter(
    (place) =>
      (target.rows === undefined || isMapped(place, target.rows)) &&
      rules.some((rule) => rule.place.path === place.path && rule.is !== "reference" && !rule.isSecret),
  );
  if (match.length === 0)
    problems.push({
      path: ["match"],
      message: "the target maps none of these paths with a rule: without a match, accounts would be created twice",
    });
  const sure = match.filter(
    ({ name, path }) =>
      name === settings.match[0] &&
      !rules.some((rule) => rule.place.path === path && rule.is === "expression" && rule.isUnique),
  );
  const active = placeIn(target.type, "active");
  const { missing, outOfScope } = settings.leavers;
  if (
    target.rows !== undefined &&
    !isMapped(active, target.rows) &&
    (missing === "disable" || outOfScope === "disable")
  )
    problems.push({
      path: ["leavers"],
      message: 'the target does not map "active", so nobody can be disabled: set missing and outOfScope to ignore',
    });
  if (target.rows === undefined) problems.push(...notForEntra(settings, match));
  else if (settings.passwords && !rules.some(isPassword))
    problems.push({
      path: ["passwords"],
      message:
        'no rule writes a password, so there is none to deliver: add one, such as password: { value: "$secret()" }',
    });
  const { zone, lastDay } = settings.asOf;
  const { scope } = settings;
  const key = attempt(["from", "key"], () => placeIn(source.type, settings.from.key));
  return {
    problems,
    rules: {
      source: source.type,
      target: target.type,
      key: key!,
      zone: typeof zone === "string" ? zone : attempt(["asOf", "zone"], () => compiled(zone.value))!,
      isLastDayInclusive: lastDay === "inclusive",
      scope: scope === undefined ? undefined : attempt(["scope"], () => testOf(scope, source.type)),
      left:
        settings.leavers.left === undefined
          ? undefined
          : attempt(["leavers", "left"], () => compiled(settings.leavers.left!)),
      match,
      sure: new Set(sure.map(({ path }) => path)),
      rules,
      active,
      rehires: places("source", "rehires", settings.rehires),
      groups: settings.groups.flatMap((each, index) => {
        const name = attempt(["groups", index, "name"], () => compiled(each.name));
        return name ? [{ name, type: each.type, attributes: each.attributes }] : [];
      }),
      stages: new Map(
        settings.leavers.stages.map(({ set }, index) => [
          index,
          Object.entries(set).flatMap(([name, value]) => {
            const place = attempt(["leavers", "stages", index, "set", name], () => placeIn(target.type, name));
            return place ? [{ place, value }] : [];
          }),
        ]),
      ),
      aliases: rules.flatMap((rule) => (rule.is === "reference" && rule.by ? [rule.by] : [])),
    },
  };
}

/** What Entra's inbound provisioning does not support. */
function notForEntra({ groups, leavers, passwords }: SyncSettings, match: readonly Place[]): Problem[] {
  const problem = (path: readonly (string | number)[], message: string) => ({ path, message });
  return [
    ...(groups.length > 0
      ? [problem(["groups"], "Entra's inbound provisioning has no groups: use dynamic groups there")]
      : []),
    ...(leavers.stages.length > 0
      ? [problem(["leavers", "stages"], "Entra's inbound provisioning can only disable: use lifecycle workflows there")]
      : []),
    ...(leavers.neverStarted === "delete"
      ? [problem(["leavers", "neverStarted"], "Entra's inbound provisioning deletes nobody")]
      : []),
    ...(passwords
      ? [problem(["passwords"], "Entra's inbound provisioning takes no passwords: use a Temporary Access Pass")]
      : []),
    ...(match[0]?.name !== "externalId"
      ? [problem(["match"], "records are matched by externalId: add a rule for it, and list it first")]
      : []),
  ];
}

/** Reports whether a rule sets an account's first password. */
export const isPassword = ({ isSecret, place }: Rule): boolean => isSecret && place.typed.attribute.name === "password";

const isMapped = ({ typed }: Place, rows: Mapping["rows"]): boolean =>
  rows.some(({ path }) => path.attribute === typed.attribute && path.schema.id === typed.schema.id);

/** Paths that both sides map and the target can write, except references. */
function oneToOne({ source, target }: Ends): Record<string, RuleSource> {
  const readable = new Set(source.rows.filter(({ writeOnly }) => !writeOnly).map(({ name }) => name));
  const rows = target.rows ?? source.rows;
  const written = rows.filter((row) => !row.readOnly && row.is !== "ref" && row.path.attribute.name !== "id");
  return Object.fromEntries(written.flatMap(({ name }) => (readable.has(name) ? [[name, name]] : [])));
}

function compileRule(name: string, source: RuleSource, at: { source: ResourceType; target: ResourceType }): Rule {
  const place = placeIn(at.target, name);
  const leaf = place.typed.sub ?? place.typed.attribute;
  const isSecret = leaf.returned === "never";
  const rule =
    typeof source === "string" ? { from: source, when: "always" as const, absent: "clear" as const } : source;
  const keepsNull = rule.absent === "keep";
  if ("reference" in rule)
    return {
      is: "reference",
      place,
      when: "always",
      keepsNull,
      isSecret,
      from: placeIn(at.source, rule.from),
      by: rule.by === undefined ? undefined : placeIn(at.source, rule.by),
    };
  const flow: Flow = { place, keepsNull, isSecret, when: isSecret ? "create" : rule.when };
  if ("from" in rule) return { is: "path", ...flow, from: placeIn(at.source, rule.from) };
  if ("constant" in rule) return { is: "constant", ...flow, value: rule.constant };
  const sources = Array.isArray(rule.value) ? rule.value : [rule.value];
  const expressions = sources.map(compiled);
  return { is: "expression", ...flow, expressions, isUnique: rule.unique };
}

/** Compiles an expression over a person, which may use the clock's functions. Throws an `ExpressionError`. */
const compiled = (source: string): Expression => compileExpression(source, { functions: CLOCK_FUNCTIONS });

function testOf(scope: NonNullable<SyncSettings["scope"]>, type: ResourceType): Test {
  if (typeof scope === "string") {
    const isMet: Predicate = compileFilter(typedFilter(withUrns(scope, type), type), type);
    return async ({ resource }) => isMet(resource);
  }
  const expression = compiled(scope.value);
  return async ({ input, bindings }) => isTrue(await expression.evaluate(input, bindings));
}

/** A resource with its extensions also under their short names: `hr.hireDate`. */
export function inputOf(resource: Resource, type: ResourceType): Resource {
  const input: Resource = { ...resource };
  for (const [short, urn] of shortNames(type)) if (input[short] === undefined) input[short] = resource[urn];
  return input;
}

/** Problems that the source itself reports: the `problems` of any extension. */
export const problemsOf = (resource: Resource, type: ResourceType): string[] => textsAt(resource, type, "problems");

/** Source records that are not used, in words: the `otherJobs` of any extension. */
export const unusedOf = (resource: Resource, type: ResourceType): string[] =>
  textsAt(resource, type, "otherJobs").map((each) => `Not used: ${each}.`);

function textsAt(resource: Resource, type: ResourceType, name: string): string[] {
  return type.extensions.flatMap(({ id }) => {
    const part = resource[id];
    const texts = isObject(part) ? part[name] : undefined;
    return Array.isArray(texts) ? texts.map(String) : typeof texts === "string" ? [texts] : [];
  });
}

/** The text by which a person is known, from one or more places of its resource; undefined if any is empty. */
export function aliasOf(resource: Resource, places: readonly Place[], type: ResourceType): string | undefined {
  const values = places.map((place) => valueAt(resource, place, type));
  if (values.length === 0 || values.some((value) => value === undefined || typeof value === "object")) return undefined;
  return values.map((value) => String(value).normalize("NFKC").trim().toLowerCase()).join("\u001f");
}
