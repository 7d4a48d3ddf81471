import type {
  AttributeInfo,
  Completions,
  KindAttributes,
  MappedType,
  Suggestion,
} from "../../src/console/api/mappings.ts";
import { type ApiError, useLoaded } from "../api.ts";
import { playgroundTexts as texts } from "../texts/playground.ts";

/** What completes a mapping: what the gateway knows, and the attributes of the kind that its text names, which the backend is asked for once. */
export function useWords(
  { route, type }: MappedType,
  known: Completions,
  text: string,
): { readonly words: Completions; readonly failure: ApiError | undefined } {
  const kind = /^kind:\s*["']?([^"'#\s]+)/m.exec(text)?.[1];
  const isKind = known.kinds.some(({ label }) => label === kind);
  const query = new URLSearchParams({ route, type, kind: kind ?? "" });
  const { data, error } = useLoaded<KindAttributes>(isKind ? `/mappings/attributes?${query}` : undefined);
  const published = data?.attributes.map(suggestionOf) ?? [];
  const named = new Set(published.map(({ label }) => label));
  const others = known.attributes.filter(({ label }) => !named.has(label));
  return { words: { ...known, attributes: [...published, ...others] }, failure: error };
}

function suggestionOf({ name, type, description, isRequired, isReadOnly }: AttributeInfo): Suggestion {
  const { required, readOnly } = texts.attribute;
  const info = [description, isRequired && required, isReadOnly && readOnly].filter(Boolean).join(" ");
  return { label: name, detail: type, ...(info !== "" && { info }) };
}
