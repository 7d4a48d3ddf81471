import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import mappingSchema from "../../schemas/mapping.schema.json" with { type: "json" };
import typesSchema from "../../schemas/types.schema.json" with { type: "json" };
import type { Completions, Suggestion } from "../../src/console/api/mappings.ts";
import { keysAt, type Schema, valuesAt } from "./schema.ts";
import { placeAtEnd, type YamlPlace } from "./yaml-place.ts";

/** What completes a file: its format, and for a mapping what is known of its two sides. */
export interface Known {
  readonly file: "mapping" | "types";
  readonly words: Completions;
}

/** Where a mapping has names that its format doesn't know: paths with `*` for any key, and the list of those names. */
const NAMES: Readonly<Record<YamlPlace["slot"], readonly (readonly [RegExp, keyof Completions])[]>> = {
  key: [
    [/^attributes$/, "paths"],
    [/^attributes\n[^\n]+\nsearch$/, "paths"],
    [/^(write|create|attributes\n[^\n]+\nwrite)$/, "attributes"],
  ],
  value: [
    [/^kind$/, "kinds"],
    [/^resource$/, "resources"],
    [/^attributes\n[^\n]+\nref(\n\[\])?$/, "resources"],
    [/^attributes\n[^\n]+\nas$/, "conversions"],
    [/^attributes\n[^\n]+(\n(attr|by|search\n[^\n]+))?$/, "attributes"],
  ],
};

/** Where a mapping has expressions: over the entry, or over the resource. */
const OVER_ENTRY = /^(read|attributes\n[^\n]+\nread)$/;
const OVER_RESOURCE = /^((write|create)\n[^\n]+(\n\[\])?|attributes\n[^\n]+\nwrite\n[^\n]+)$/;

/** What may be at the cursor of a file. */
export function completeFile(context: CompletionContext, known: Known | undefined): CompletionResult | null {
  if (!known) return null;
  const place = placeAtEnd(context.state.sliceDoc(0, context.pos));
  const { options, typed, isWithin } = suggestionsAt(place, known);
  if (options.length === 0 || (typed === "" && !context.explicit)) return null;
  return {
    from: context.pos - typed.length,
    options: options.map(completionOf),
    validFor: isWithin ? /^[$\w.]*$/ : (text) => !/[{},]|:\s/.test(text),
  };
}

const completionOf = ({ label, detail, info }: Suggestion): Completion => ({
  label,
  ...(detail !== undefined && { detail }),
  ...(info !== undefined && { info }),
});

/** What may be at a place. `typed` is what the suggestions replace; they are within an expression, or the whole key or value. */
export function suggestionsAt(
  place: YamlPlace,
  { file, words }: Known,
): { readonly options: readonly Suggestion[]; readonly typed: string; readonly isWithin: boolean } {
  const { path, slot, typed } = place;
  const schema: Schema = file === "mapping" ? mappingSchema : typesSchema;
  if (file === "mapping" && slot === "value") {
    const at = path.join("\n");
    const names = OVER_ENTRY.test(at) ? words.attributes : OVER_RESOURCE.test(at) ? plainPaths(words) : undefined;
    if (names) {
      const [word] = /\$?[\w.]*$/.exec(typed)!;
      return { options: word.startsWith("$") ? words.functions : names, typed: word, isWithin: true };
    }
  }
  const ofFormat = slot === "key" ? keysAt(schema, path) : valuesAt(schema, path);
  const list = file === "mapping" && NAMES[slot].find(([pattern]) => pattern.test(path.join("\n")))?.[1];
  return { options: [...ofFormat, ...(list ? words[list] : [])], typed, isWithin: false };
}

/** The paths that are also names in an expression. */
const plainPaths = ({ paths }: Completions): readonly Suggestion[] =>
  paths.filter(({ label }) => /^[\w.]+$/.test(label));
