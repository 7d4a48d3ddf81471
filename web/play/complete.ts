import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { Completions, Suggestion } from "../../src/console/api/mappings.ts";

/** What a mapping file may have at the cursor. */
export function completeMapping(context: CompletionContext, known: Completions | undefined): CompletionResult | null {
  if (!known) return null;
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const called = /\$\w*$/.exec(before);
  if (called) return result(context.pos - called[0].length, known.functions);
  const word = /[^\s{,:]*$/.exec(before)![0];
  if (word === "" && !context.explicit) return null;
  const from = context.pos - word.length;
  const lead = before.slice(0, before.length - word.length);
  const options = suggestionsAt(lead, sectionAt(context, line.number), known);
  return options.length > 0 ? result(pathStart(before, lead, from, line.from), options) : null;
}

const result = (from: number, options: readonly Suggestion[]): CompletionResult => ({
  from,
  options: options.map(({ label, info }) => ({ label, ...(info !== undefined && { info }) })),
  validFor: /^[^\s:{},]*$/,
});

/** A path may have a colon in it, `enterprise:department`: then it begins where its line does. */
function pathStart(before: string, lead: string, from: number, start: number): number {
  const path = /^\s+([\w.]+:)$/.exec(lead);
  return path ? start + before.indexOf(path[1]!) : from;
}

/** The top-level key above a line. */
function sectionAt({ state }: CompletionContext, number: number): string | undefined {
  for (let at = number - 1; at >= 1; at--) {
    const key = /^(\w+):/.exec(state.doc.line(at).text);
    if (key) return key[1];
  }
  return undefined;
}

function suggestionsAt(lead: string, section: string | undefined, known: Completions): readonly Suggestion[] {
  if (lead === "") return known.keys;
  if (/^kind:\s+$/.test(lead)) return known.kinds;
  if (/\bas:\s+$/.test(lead)) return known.conversions;
  if (/\battr:\s+$/.test(lead)) return known.attributes;
  if (section === "attributes") {
    if (/^\s+([\w.]+:)?$/.test(lead)) return known.paths;
    if (/^\s+\S.*:\s+$/.test(lead) && !lead.includes("{")) return known.attributes;
    if (/[{,]\s*$/.test(lead)) return known.rowKeys;
  }
  return (section === "write" || section === "create") && /^\s+$/.test(lead) ? known.attributes : [];
}
