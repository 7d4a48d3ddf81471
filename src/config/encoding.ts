/** An encoding mistake and its place. */
interface EncodingProblem {
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** Decodes a file as UTF-8, or reports which other encoding it seems to have. */
export function decoded(
  bytes: Buffer,
):
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: EncodingProblem } {
  if (isUtf16(bytes)) return { problem: { message: "this file is in UTF-16: save it as UTF-8" } };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    const before = bytes.subarray(0, firstWrong(bytes)).toString("latin1").split("\n");
    const message = "this character is not valid UTF-8: the file looks like Latin-1 or Windows-1252. Save it as UTF-8";
    return { problem: { message, line: before.length, column: before.at(-1)!.length + 1 } };
  }
}

/** Reports whether bytes are UTF-16: by a byte order mark, or by zeros in every other byte. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length > 1 && (first === 0 || second === 0);
}

/** The offset of the first byte that is not valid UTF-8. */
function firstWrong(bytes: Buffer): number {
  const replaced = Buffer.from(bytes.toString("utf8"));
  const at = replaced.findIndex((byte, index) => byte !== bytes[index]);
  return at === -1 ? bytes.length - 1 : at;
}
