import { createRequire } from "node:module";
import type * as parsing from "@streamparser/json";
import { isExact } from "../json/exact.ts";

/** Parses an answer piece by piece. */
export interface ItemReader {
  /** The items that end in the next piece. Throws an `Error` for what is no JSON. */
  readonly read: (piece: Uint8Array) => readonly unknown[];
  /** What stands around the items, with an empty list in their place. Throws an `Error` where the answer ends before its end. */
  readonly end: () => unknown;
}

/**
 * Reads the list at a path in JSON, item by item. Numbers that JavaScript does not hold as they are written are text, as in answers that are
 * read whole.
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
  /** Parses the items while the list is being read. */
  let list: InstanceType<typeof TokenParser> | undefined;
  /** The names that lead to what is being read; undefined for a place in a list. */
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
      // A parser of one value ends itself behind it.
      if (!tokens.isEnded) tokens.end();
      if (!whole.isEnded) throw new Error("the JSON is cut off");
      return around;
    },
  };
}

/** The list at a path in a value that was read whole; undefined where there is none. */
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
