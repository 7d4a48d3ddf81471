import { type Expression, ExpressionError } from "../expression/compile.ts";
import { isTrue } from "../expression/truth.ts";
import { isPresent } from "../scim/evaluate.ts";
import type { Resource } from "../scim/schema.ts";
import { createClock, DateError } from "./clock.ts";
import { inputOf, type PersonInput, problemsOf, type Rule, type Rules, unusedOf } from "./rules.ts";
import { valueAt } from "./values.ts";

/** Why nothing is done for a person: a sentence, and a code. */
export class PersonError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PersonError";
    this.code = code;
  }
}

/** The wanted value of an attribute. */
export interface Wanted {
  readonly rule: Rule;
  /** The value; undefined for none. */
  readonly value: unknown;
}

/** A wanted reference: the name of the referenced person in the source. */
export interface WantedReference {
  readonly rule: Extract<Rule, { is: "reference" }>;
  readonly name: string | undefined;
}

/** What the rules say about a person at an instant. */
export interface Facts {
  readonly life: "here" | "left" | "outOfScope";
  readonly wanted: readonly Wanted[];
  readonly references: readonly WantedReference[];
  /** The groups that the account should be in, by type and name. */
  readonly groups: readonly { readonly type: string; readonly name: string }[];
  /** Source records that are not used, described in words. */
  readonly unused: readonly string[];
  /** When the rules' results change next without any other change. */
  readonly due: Date | undefined;
  /** The value of a unique attribute in the given attempt, from 1; undefined when there are no more. */
  readonly candidate: (rule: Rule, attempt: number) => Promise<string | undefined>;
  /** The value of a secret attribute, evaluated with each call. */
  readonly secret: (rule: Rule) => Promise<unknown>;
}

/** Maximum size of a resource that rules are evaluated over, in characters of JSON. */
const MAX_INPUT = 65_536;
/** Maximum number of names tried. */
const MAX_ATTEMPTS = 200;

/** Evaluates the rules over a person's resource. Rejects with a `PersonError` for problems of that person alone. */
export async function factsOf(rules: Rules, resource: Resource, now: Date): Promise<Facts> {
  const wrong = problemsOf(resource, rules.source);
  if (wrong.length > 0) throw new PersonError("source", `The source reports a problem: ${wrong.join("; ")}`);
  if (JSON.stringify(resource).length > MAX_INPUT)
    throw new PersonError("tooLarge", `The record is longer than ${MAX_INPUT} characters.`);
  const input = inputOf(resource, rules.source);
  const zone = await told(async () =>
    typeof rules.zone === "string" ? rules.zone : String((await rules.zone.evaluate(input)) ?? "UTC"),
  );
  const clock = await told(async () => createClock(now, zone, rules.isLastDayInclusive));
  const person: PersonInput = { resource, input, bindings: { ...clock.functions } };
  const isInScope = rules.scope === undefined || (await told(() => rules.scope!(person)));
  const hasLeft = rules.left !== undefined && (await told(() => run(rules.left!, person).then(isTrue)));
  const life = !isInScope ? "outOfScope" : hasLeft ? "left" : "here";
  const wanted: Wanted[] = [];
  const references: WantedReference[] = [];
  for (const rule of life === "outOfScope" ? [] : rules.rules) {
    if (rule.is === "reference") {
      const name = valueAt(resource, rule.from, rules.source);
      references.push({ rule, name: isPresent(name) ? String(name).trim() : undefined });
    } else if (!rule.isSecret && !(rule.is === "expression" && rule.isUnique)) {
      const value = await told(() => valueFor(rule, person, rules));
      wanted.push({ rule, value: rule.place.path === rules.active.path ? asActive(rule, value) : value });
    }
  }
  const groups = life === "here" ? await told(() => groupsOf(rules, person)) : [];
  return {
    life,
    wanted,
    references,
    groups,
    unused: unusedOf(resource, rules.source),
    due: clock.due(),
    candidate: (rule, attempt) => told(() => candidateOf(rule, attempt, person)),
    secret: (rule) => told(() => valueFor(rule, person, rules)),
  };
}

/** Whether an account should be active. Anything but true and false could enable or disable it by accident. */
function asActive({ keepsNull }: Rule, value: unknown): boolean | undefined {
  const text = String(value ?? "").toLowerCase();
  if (text === "true" || text === "false") return text === "true";
  if (value === undefined && keepsNull) return undefined;
  throw new PersonError("rule", "The rule for active must give true or false.");
}

/** How often an expression that timed out is evaluated, since a busy machine may be the cause. */
const MAX_TIMES = 3;

/** Attributes a failed expression to this person. */
async function told<T>(evaluate: () => Promise<T>): Promise<T> {
  for (let time = 1; ; time++) {
    try {
      return await evaluate();
    } catch (error) {
      if (!(error instanceof ExpressionError || error instanceof DateError)) throw error;
      const isSlow = /evaluation timeout|took longer/i.test(error.message);
      if (isSlow && time < MAX_TIMES) continue;
      // An overloaded machine says nothing about the record: it is tried again later.
      throw new PersonError(isSlow ? "slow" : "rule", `A rule cannot be evaluated: ${error.message}.`, {
        cause: error,
      });
    }
  }
}

const run = (expression: Expression, { input, bindings }: PersonInput, n?: number): Promise<unknown> =>
  expression.evaluate(input, n === undefined ? bindings : { ...bindings, n });

async function valueFor(rule: Rule, person: PersonInput, { source }: Rules): Promise<unknown> {
  const value =
    rule.is === "path" || rule.is === "reference"
      ? valueAt(person.resource, rule.from, source)
      : rule.is === "constant"
        ? rule.value
        : await run(rule.expressions[0]!, person);
  const single = Array.isArray(value) && !rule.place.isList ? value[0] : value;
  return isPresent(single) ? single : undefined;
}

async function groupsOf(rules: Rules, person: PersonInput): Promise<{ type: string; name: string }[]> {
  const found = new Map<string, { type: string; name: string }>();
  for (const { name, type } of rules.groups) {
    const given = await run(name, person);
    for (const each of Array.isArray(given) ? given : [given]) {
      const text = isPresent(each) ? String(each).trim() : "";
      if (/[\x00-\x1f\x7f]/.test(text) || text.length > 200)
        throw new PersonError(
          "rule",
          "A rule for groups gives an invalid name: names have up to 200 characters and no control characters.",
        );
      if (text !== "") found.set(`${type}\0${text.toLowerCase()}`, { type, name: text });
    }
  }
  return [...found.values()];
}

/** The list's expressions in order; the last one, if it has $n, with 2, 3 and so on. */
async function candidateOf(rule: Rule, attempt: number, person: PersonInput): Promise<string | undefined> {
  if (rule.is !== "expression" || attempt > MAX_ATTEMPTS) return undefined;
  const { expressions } = rule;
  const index = Math.min(attempt, expressions.length) - 1;
  const expression = expressions[index]!;
  if (attempt > expressions.length && !expression.variables.has("n")) return undefined;
  const value = await run(expression, person, Math.max(2, attempt - expressions.length + 2));
  return isPresent(value) ? String(value) : undefined;
}
