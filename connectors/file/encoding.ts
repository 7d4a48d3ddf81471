import { decodeText, type Encoding } from "../../src/connector/kit/encoding.ts";
import { Refusal } from "./refusal.ts";

/** Decodes a file in parts. Throws a `Refusal` at the first invalid byte. */
export const decodeFile = (path: string, encoding: Encoding): AsyncGenerator<string> =>
  decodeText(
    path,
    encoding,
    ({ line, character }) =>
      new Refusal(
        `line ${line}, character ${character}: the bytes are not valid ${encoding}. Set \`encoding\` to the file's encoding, or export it again.`,
      ),
  );
