import { nearest } from "../../connector/kit/text.ts";
import { arityOf, type FunctionDefinition, isOptional, signatureOf } from "./definition.ts";
import { functions, functionsByName } from "./functions/index.ts";
import { type Expression, ExpressionError, OPERATORS, type Operator, WORDS } from "./syntax.ts";
import { limits } from "./value.ts";

/**
 * Parses the text of an attribute mapping's expression: an attribute in brackets, a text in double quotes, a number, or a call of a function.
 * Functions, the number of their arguments and constant regular expressions are checked. Throws an ExpressionError.
 */
export function parseExpression(text: string): Expression {
  if (text.length > limits.expression)
    throw new ExpressionError(`an expression has at most ${limits.expression} characters`, limits.expression);
  const parser = new Parser(text);
  const expression = parser.operand(0);
  parser.expectEnd();
  return expression;
}

/** Functions of Microsoft Entra Connect, which provisioning lacks, with what to write. */
const OF_CONNECT: Readonly<Record<string, string>> = {
  LCase: ": write ToLower",
  UCase: ": write ToUpper",
  Trim: "",
  LTrim: "",
  RTrim: "",
  Len: "",
  Right: "",
  InStrRev: "",
  PadLeft: "",
  PadRight: "",
  ReplaceChars: ": write Replace or NormalizeDiacritics",
  Contains: ": write InStr",
  ItemOrNull: ": write Item",
  IsEmpty: ": write IsNullOrEmpty",
  IsDate: "",
  IsNumeric: "",
  IsBitSet: ": write BitAnd",
  BitOr: "",
  CNum: "",
  RandomNum: ": write RandomString",
  Select: "",
  Where: "",
  With: "",
  Error: "",
};

const SPACE = /\s*/y;
const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /(?:-?\d+(?:\.\d+)?|&[Hh][0-9A-Fa-f]+)(?![\w.])/y;

/** Reads a text from left to right. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** An operand, with blanks around it. */
  operand(depth: number): Expression {
    this.#skip();
    const position = this.#at;
    if (depth > limits.depth) throw new ExpressionError(`functions nest at most ${limits.depth} deep`, position);
    const character = this.#text[position];
    if (character === "[") return { kind: "attribute", name: this.#attribute(), position };
    if (character === '"') return { kind: "text", text: this.#string(), position };
    const number = this.#take(NUMBER);
    if (number !== undefined) return { kind: "number", text: number, position };
    const name = this.#take(NAME);
    if (name === undefined) throw new ExpressionError(this.#unexpected(), position);
    this.#skip();
    if (this.#text[this.#at] === "(") return this.#call(name, position, depth);
    const word = WORDS.find((each) => each === name);
    if (word === undefined)
      throw new ExpressionError(
        `"${shown(name)}" is neither a text, which stands in double quotes, nor an attribute, which stands in brackets, nor a function with its parentheses`,
        position,
      );
    return { kind: "word", word, position };
  }

  expectEnd(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw new ExpressionError(this.#unexpected(), this.#at);
  }

  #call(name: string, position: number, depth: number): Expression {
    const definition = functionsByName.get(name);
    if (!definition) throw new ExpressionError(unknown(name), position);
    if (definition.refusal !== undefined) throw new ExpressionError(definition.refusal, position);
    const args = this.#arguments(depth);
    checkArguments(definition, args, position);
    return { kind: "call", name, arguments: args, position };
  }

  #arguments(depth: number): readonly Expression[] {
    const open = this.#at++;
    this.#skip();
    if (this.#text[this.#at] === ")") {
      this.#at++;
      return [];
    }
    const args: Expression[] = [];
    for (;;) {
      args.push(this.#argument(depth + 1));
      this.#skip();
      const character = this.#text[this.#at];
      if (character === undefined) throw new ExpressionError("this parenthesis is not closed", open);
      if (character !== "," && character !== ")") throw new ExpressionError(this.#unexpected(), this.#at);
      this.#at++;
      if (character === ")") return args;
    }
  }

  /** An argument: nothing, an operand, or two with a comparison. */
  #argument(depth: number): Expression {
    this.#skip();
    const position = this.#at;
    if (this.#text[position] === "," || this.#text[position] === ")") return { kind: "omitted", position };
    const left = this.operand(depth);
    this.#skip();
    const operator = this.#operator();
    if (operator === undefined) return left;
    const right = this.operand(depth);
    return { kind: "comparison", operator, left, right, position };
  }

  #operator(): Operator | undefined {
    if (this.#text.startsWith("==", this.#at)) return undefined;
    const operator = OPERATORS.find((each) => this.#text.startsWith(each, this.#at));
    if (operator !== undefined) this.#at += operator.length;
    return operator;
  }

  /** The name between brackets, which may have brackets and quoted texts of its own: `[emails[type eq "work"].value]`. */
  #attribute(): string {
    const start = this.#at;
    let depth = 0;
    for (let at = start; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === "[") depth++;
      if (character === "]") depth--;
      if (depth > 0) continue;
      this.#at = at + 1;
      const name = this.#text.slice(start + 1, at);
      if (name.trim() === "") throw new ExpressionError("the brackets name no attribute", start);
      return name;
    }
    throw new ExpressionError("this bracket is not closed", start);
  }

  /** A text between double quotes. A backslash before a quote or another backslash is left out; before others it stands for itself. */
  #string(): string {
    const start = this.#at;
    let text = "";
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at]!;
      const next = this.#text[at + 1];
      if (character === '"') {
        this.#at = at + 1;
        return text;
      }
      const isEscape = character === "\\" && (next === "\\" || next === '"');
      text += isEscape ? next : character;
      if (isEscape) at++;
    }
    throw new ExpressionError("this quote is not closed", start);
  }

  /** What is wrong at the place, with what is usually meant. */
  #unexpected(): string {
    const rest = this.#text.slice(this.#at, this.#at + 10);
    if (rest === "") return "the expression ends here, where a value should follow";
    if (/^(?:and|or|not)\b|^(?:&&|\|\||!(?!=))/i.test(rest))
      return "there is no AND, OR or NOT: nest IIF in place of AND and OR, and write Not(...)";
    if (/^(?:==|!=)/.test(rest)) return "comparisons are =, <>, >, >=, < and <=";
    if (/^['\u2018\u2019\u201c\u201d]/.test(rest)) return 'texts stand in straight double quotes (")';
    if (/^[&+]/.test(rest)) return "texts are put together by Append or Join, not by a sign";
    if (/^[=<>]/.test(rest))
      return "a comparison stands within a function, with a value on each side, such as IIF([a] = [b], ...)";
    const character = String.fromCodePoint(rest.codePointAt(0)!);
    return `"${character}" is unexpected here`;
  }

  #skip(): void {
    this.#take(SPACE);
  }

  /** What a pattern matches at the place, which moves behind it. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

const MAX_SHOWN = 40;
const shown = (name: string): string => (name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}...` : name);

function unknown(name: string): string {
  const advice = Object.hasOwn(OF_CONNECT, name) ? OF_CONNECT[name] : undefined;
  if (advice !== undefined) return `${name} is a function of Microsoft Entra Connect, not of provisioning${advice}`;
  const names = functions.map((each) => each.name);
  return `there is no function "${shown(name)}"${name.length > MAX_SHOWN ? "" : nearest(name, names)}`;
}

/** Throws an ExpressionError where the arguments are too few, too many, or not what the function takes. */
function checkArguments(definition: FunctionDefinition, args: readonly Expression[], position: number): void {
  const { least, most } = arityOf(definition);
  const expected =
    most === Number.POSITIVE_INFINITY ? `at least ${least}` : least === most ? most : `${least} to ${most}`;
  if (args.length < least || args.length > most)
    throw new ExpressionError(
      `${signatureOf(definition)} takes ${expected} argument${expected === 1 ? "" : "s"}, not ${args.length}`,
      position,
    );
  const missing = args.findIndex((each, index) => each.kind === "omitted" && isRequired(definition, index));
  if (missing >= 0)
    throw new ExpressionError(`${signatureOf(definition)} needs its argument ${missing + 1}`, args[missing]!.position);
  const mistake = definition.mistake?.(args);
  if (mistake !== undefined) throw new ExpressionError(mistake, position);
}

/** Whether the argument at a place must be given. Repeated parameters take turns. */
function isRequired({ parameters }: FunctionDefinition, index: number): boolean {
  const repeated = parameters.filter((each) => each.endsWith("..."));
  const start = parameters.length - repeated.length;
  const parameter = index < parameters.length ? parameters[index] : repeated[(index - start) % repeated.length];
  return parameter !== undefined && !isOptional(parameter);
}
