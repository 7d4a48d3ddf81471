import { nearest } from "../../connector/kit/text.ts";
import { arityOf, type FunctionDefinition, isOptional, signatureOf } from "./definition.ts";
import { functions, functionsByName } from "./functions/index.ts";
import { type Expression, ExpressionError, OPERATORS, type Operator, WORDS } from "./syntax.ts";
import { limits } from "./value.ts";

/**
 * Parses an attribute mapping's expression: an attribute in brackets, a text in double quotes, a number, or a function call. Also checks
 * function names, numbers of arguments and constant regular expressions. Throws an ExpressionError.
 */
export function parseExpression(text: string): Expression {
  if (text.length > limits.expression)
    throw new ExpressionError(`an expression can have at most ${limits.expression} characters`, limits.expression);
  const parser = new Parser(text);
  const expression = parser.operand(0);
  parser.expectEnd();
  return expression;
}

/** Functions that only Microsoft Entra Connect has, with the one to use instead. */
const OF_CONNECT: Readonly<Record<string, string>> = {
  LCase: ": use ToLower",
  UCase: ": use ToUpper",
  Trim: "",
  LTrim: "",
  RTrim: "",
  Len: "",
  Right: "",
  InStrRev: "",
  PadLeft: "",
  PadRight: "",
  ReplaceChars: ": use Replace or NormalizeDiacritics",
  Contains: ": use InStr",
  ItemOrNull: ": use Item",
  IsEmpty: ": use IsNullOrEmpty",
  IsDate: "",
  IsNumeric: "",
  IsBitSet: ": use BitAnd",
  BitOr: "",
  CNum: "",
  RandomNum: ": use RandomString",
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

  /** Parses an operand, with leading blanks. */
  operand(depth: number): Expression {
    this.#skip();
    const position = this.#at;
    if (depth > limits.depth)
      throw new ExpressionError(`functions can nest at most ${limits.depth} levels deep`, position);
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
        `"${shown(name)}" is not a value: texts need double quotes ("text"), attributes need brackets ([attribute]), functions need parentheses`,
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

  /** Parses an argument: blank, an operand, or a comparison. */
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

  /** Reads a name in brackets, which can contain brackets itself: `[emails[type eq "work"].value]`. */
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
      if (name.trim() === "") throw new ExpressionError("the brackets contain no attribute name", start);
      return name;
    }
    throw new ExpressionError("this bracket is not closed", start);
  }

  /** Reads a text in double quotes. A backslash escapes a quote or a backslash; before anything else it is literal. */
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

  /** Explains what is wrong at the current position, with a hint for common mistakes. */
  #unexpected(): string {
    const rest = this.#text.slice(this.#at, this.#at + 10);
    if (rest === "") return "the expression ends here, but a value is expected";
    if (/^(?:and|or|not)\b|^(?:&&|\|\||!(?!=))/i.test(rest))
      return "there is no AND, OR or NOT: nest IIF for AND and OR, and use Not(...)";
    if (/^(?:==|!=)/.test(rest)) return "comparisons are =, <>, >, >=, < and <=";
    if (/^['\u2018\u2019\u201c\u201d]/.test(rest)) return 'texts need straight double quotes (")';
    if (/^[&+]/.test(rest)) return "use Append or Join to put texts together";
    if (/^[=<>]/.test(rest))
      return "a comparison needs to be an argument of a function, with a value on each side, such as IIF([a] = [b], ...)";
    const character = String.fromCodePoint(rest.codePointAt(0)!);
    return `"${character}" is unexpected here`;
  }

  #skip(): void {
    this.#take(SPACE);
  }

  /** Consumes and returns what a pattern matches at the current position. */
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
  if (advice !== undefined)
    return `${name} is a function of Microsoft Entra Connect, not of attribute mappings${advice}`;
  const names = functions.map((each) => each.name);
  return `there is no function "${shown(name)}"${name.length > MAX_SHOWN ? "" : nearest(name, names)}`;
}

/** Throws an ExpressionError if arguments are missing, too many, or invalid. */
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

/** Reports whether the argument at an index is required. Repeated parameters alternate. */
function isRequired({ parameters }: FunctionDefinition, index: number): boolean {
  const repeated = parameters.filter((each) => each.endsWith("..."));
  const start = parameters.length - repeated.length;
  const parameter = index < parameters.length ? parameters[index] : repeated[(index - start) % repeated.length];
  return parameter !== undefined && !isOptional(parameter);
}
