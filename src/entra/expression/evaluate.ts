import type { Call, Surroundings } from "./definition.ts";
import { parsedMoment } from "./dotnet/moment.ts";
import { functionsByName } from "./functions/index.ts";
import { type Expression, ExpressionError, type Operator } from "./syntax.ts";
import { charactersOf, fromSource, isEmpty, limits, textOfBoolean, type Value } from "./value.ts";

/** Evaluates an expression. Throws an ExpressionError if a function rejects its arguments or a limit is exceeded. */
export function evaluate(expression: Expression, surroundings: Surroundings): Value {
  return new Evaluation(surroundings).value(expression);
}

/** One evaluation, and what it has used of its limits. */
class Evaluation {
  readonly surroundings: Surroundings;
  #work = 0;
  #regexSteps = 0;

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  value(expression: Expression): Value {
    const value = this.#compute(expression);
    const characters = charactersOf(value);
    if (characters > limits.characters)
      throw new ExpressionError(`a value can have at most ${limits.characters} characters`, expression.position);
    if (Array.isArray(value) && value.length > limits.values)
      throw new ExpressionError(`a value can have at most ${limits.values} parts`, expression.position);
    this.#work += 1 + characters;
    if (this.#work > limits.work)
      throw new ExpressionError("the expression takes too long: its values are too large", expression.position);
    return value;
  }

  /** Evaluates to a single text. Throws an ExpressionError for several values or objects. */
  text(expression: Expression): string | undefined {
    return oneText(this.value(expression), expression.position);
  }

  /** Counts steps of regular expressions. */
  spend(steps: number, position: number): void {
    this.#regexSteps += steps;
    if (this.#regexSteps > limits.regexSteps)
      throw new ExpressionError("the regular expression takes too long on a text of this length", position);
  }

  #compute(expression: Expression): Value {
    switch (expression.kind) {
      case "attribute":
        return fromSource(this.surroundings.attribute(expression.name));
      case "text":
        return expression.text;
      case "number":
        return numberText(expression.text);
      case "word":
        return expression.word;
      case "omitted":
        return undefined;
      case "comparison":
        return textOfBoolean(compared(this.text(expression.left), expression.operator, this.text(expression.right)));
      case "call":
        return this.#call(expression);
    }
  }

  #call(expression: Extract<Expression, { kind: "call" }>): Value {
    const definition = functionsByName.get(expression.name);
    if (!definition) throw new ExpressionError(`there is no function "${expression.name}"`, expression.position);
    try {
      return definition.evaluate(new RunningCall(this, expression));
    } catch (error) {
      if (error instanceof RangeError) throw new ExpressionError(error.message, expression.position);
      throw error;
    }
  }
}

/** A call that evaluates its arguments on first use. */
class RunningCall implements Call {
  readonly count: number;
  readonly surroundings: Surroundings;
  readonly #values = new Map<number, Value>();
  readonly #evaluation: Evaluation;
  readonly #expression: Extract<Expression, { kind: "call" }>;

  constructor(evaluation: Evaluation, expression: Extract<Expression, { kind: "call" }>) {
    this.count = expression.arguments.length;
    this.surroundings = evaluation.surroundings;
    this.#evaluation = evaluation;
    this.#expression = expression;
  }

  argument(index: number): Expression | undefined {
    return this.#expression.arguments[index];
  }

  value(index: number): Value {
    const argument = this.argument(index);
    if (argument && !this.#values.has(index)) this.#values.set(index, this.#evaluation.value(argument));
    return this.#values.get(index);
  }

  text(index: number): string | undefined {
    return oneText(this.value(index), (this.argument(index) ?? this.#expression).position);
  }

  integer(index: number): number | undefined {
    const text = this.text(index)?.trim();
    if (text === undefined || text === "") return undefined;
    if (!/^[+-]?\d{1,10}$/.test(text)) throw this.error("expected an integer", index);
    return Number(text);
  }

  spend(steps: number): void {
    this.#evaluation.spend(steps, this.#expression.position);
  }

  error(message: string, index?: number): ExpressionError {
    const argument = index === undefined ? undefined : this.argument(index);
    return new ExpressionError(message, (argument ?? this.#expression).position);
  }
}

function oneText(value: Value, position: number): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  const [only] = value;
  if (value.length === 1 && typeof only === "string") return only;
  const what = value.some((each) => typeof each !== "string") ? "objects" : `${value.length} values`;
  throw new ExpressionError(`expected a single text, got ${what}`, position);
}

/** A number constant as decimal text; `&HF7` is 247. */
const numberText = (text: string): string => (text.startsWith("&") ? BigInt(`0x${text.slice(2)}`).toString() : text);

const NUMBER = /^[+-]?\d+(\.\d+)?$/;
const DATE = /^\d{1,2}\/\d{1,2}\/\d{4} \d{1,2}:\d{2}:\d{2} [AP]M$/;

/** Compares two texts; false if a side is null or empty. Equality is case-sensitive. */
function compared(left: string | undefined, operator: Operator, right: string | undefined): boolean {
  if (isEmpty(left) || isEmpty(right)) return false;
  if (operator === "=") return left === right;
  if (operator === "<>") return left !== right;
  const order = ordered(left as string, right as string);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** Orders two texts: as numbers or dates if both are, otherwise by code units. Negative if the first comes first. */
function ordered(left: string, right: string): number {
  if (NUMBER.test(left) && NUMBER.test(right)) return Number(left) - Number(right);
  if (DATE.test(left) && DATE.test(right))
    return (parsedMoment(left)?.seconds ?? 0) - (parsedMoment(right)?.seconds ?? 0);
  return left < right ? -1 : left > right ? 1 : 0;
}
