import { createRequire } from "node:module";
import type * as parsing from "@streamparser/json";
import { isExact } from "../json/exact.ts";

/** Parses a response incrementally. */
export interface ItemReader {
  /** The items completed by the next piece. Throws an `Error` for invalid JSON. */
  readonly read: (piece: Uint8Array) => readonly unknown[];
  /** The rest of the response, with an empty list in place of the items. Throws an `Error` if the response is truncated. */
  readonly end: () => unknown;
}

/**
 * Reads the list at a path in JSON, item by item. Numbers that JavaScript cannot represent exactly become text, as in complete responses.
 */
export function readItems(path: readonly string[]): ItemReader {
  const { Tokenizer, TokenParser, TokenType } = createRequire(import.meta.url)("@streamparser/json") as typeof parsing;
  class ExactTokenizer extends Tokenizer {
    protected override parseNumber(text: string): number {
      const value = Number(text);
      return isExact(value, text) ? value : (text as unknown as number);
    }
  }
  let items: unknown[] = [];
  let around: unknown;
  const tokens = new ExactTokenizer();
  const whole = new TokenParser({ paths: ["$"] });
  whole.onValue = ({ value }) => {
    around = value;
  };
  /** Parses items while the list is being read. */
  let list: InstanceType<typeof TokenParser> | undefined;
  /** The property names that lead to the current place; undefined for a list index. */
  const names: (string | undefined)[] = [];
  let text = "";
  const isOpening = (type: number) => type === TokenType.LEFT_BRACE || type === TokenType.LEFT_BRACKET;
  const isClosing = (type: number) => type === TokenType.RIGHT_BRACE || type === TokenType.RIGHT_BRACKET;
  const isList = (type: number) =>
    type === TokenType.LEFT_BRACKET && names.length === path.length && path.every((name, at) => names[at] === name);

  tokens.onToken = (token) => {
    const { token: type, value } = token as { token: number; value: unknown };
    if (isClosing(type)) names.pop();
    if (!list && isList(type)) {
      list = new TokenParser({ paths: ["$.*"], keepStack: false });
      list.onValue = ({ value: item }) => items.push(item);
      whole.write(token);
      list.write(token);
    } else if (list) {
      list.write(token);
      if (type === TokenType.RIGHT_BRACKET && names.length === path.length) {
        list = undefined;
        whole.write(token);
      }
    } else whole.write(token);
    if (type === TokenType.STRING) text = String(value);
    if (type === TokenType.COLON) names[names.length - 1] = text;
    if (isOpening(type)) names.push(undefined);
    else if (type === TokenType.COMMA && !list) names[names.length - 1] = undefined;
  };

  return {
    read: (piece) => {
      tokens.write(piece);
      const read = items;
      items = [];
      return read;
    },
    end: () => {
      // A parser of a single value ends itself.
      if (!tokens.isEnded) tokens.end();
      if (!whole.isEnded) throw new Error("the JSON is truncated");
      return around;
    },
  };
}

/** The list at a path in a complete value; undefined if there is none. */
export function listAt(body: unknown, path: readonly string[]): readonly unknown[] | undefined {
  const found = path.reduce<unknown>(
    (at, name) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined,
    body,
  );
  return Array.isArray(found) ? found : undefined;
}
