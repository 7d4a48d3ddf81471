import type { JsonObject, PlayInput } from "../../src/console/api/mappings.ts";

/** The kinds of input, in the order of their tabs. */
export const KINDS = ["entry", "resource", "patch", "put", "filter"] as const;

/** A kind of input. */
export type InputKind = PlayInput["kind"];

/** The texts of the inputs. Several kinds share them. */
export interface InputTexts {
  readonly entry: string;
  readonly resource: string;
  readonly patch: string;
  readonly filter: string;
}

/** The texts that a kind uses, in the order in which they are shown. */
export const PARTS: Readonly<Record<InputKind, readonly (keyof InputTexts)[]>> = {
  entry: ["entry"],
  resource: ["resource"],
  patch: ["patch", "entry"],
  put: ["resource", "entry"],
  filter: ["filter", "entry"],
};

const indented = (value: unknown): string => JSON.stringify(value ?? {}, undefined, 2);

/** An entry as the text of an editor. */
export const entryText = indented;

/** The texts to begin with. */
export function textsOf(examples: readonly PlayInput[]): InputTexts {
  const find = <Kind extends InputKind>(kind: Kind) =>
    examples.find((each): each is Extract<PlayInput, { kind: Kind }> => each.kind === kind);
  return {
    entry: indented(find("entry")?.entry),
    resource: indented(find("resource")?.resource),
    patch: indented(find("patch")?.patch),
    filter: find("filter")?.filter ?? "",
  };
}

/** An input, or why its texts are none. */
export type ReadInput = { readonly input: PlayInput; readonly problem?: undefined } | { readonly problem: string };

/** Reads the texts of a kind. */
export function readInput(kind: InputKind, texts: InputTexts): ReadInput {
  try {
    const entry = objectIn(texts.entry);
    switch (kind) {
      case "entry":
        return { input: { kind, entry } };
      case "resource":
        return { input: { kind, resource: objectIn(texts.resource) } };
      case "patch":
        return { input: { kind, patch: objectIn(texts.patch), entry } };
      case "put":
        return { input: { kind, resource: objectIn(texts.resource), entry } };
      case "filter":
        return { input: { kind, filter: texts.filter, entry } };
    }
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function objectIn(text: string): JsonObject {
  const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("{ … }");
  return value as JsonObject;
}
