import { decodeText, type Encoding } from "../../src/connector/kit/encoding.ts";
import { Refusal } from "./refusal.ts";

/** A file's text, part by part. Throws a `Refusal` at the first byte that is not of the encoding. */
export const decodeFile = (path: string, encoding: Encoding): AsyncGenerator<string> =>
  decodeText(
    path,
    encoding,
    ({ line, character }) =>
      new Refusal(
        `line ${line}, character ${character}: the bytes there are not ${encoding}. Say by \`encoding\` what the file is written in, or have it exported anew.`,
      ),
  );
