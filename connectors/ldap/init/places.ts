import { parentOf, rdnsOf } from "../dn.ts";

/** Where entries of a kind live, or are to. */
export interface Place {
  readonly base: string;
  /** Why this base, in a sentence. */
  readonly reason: string;
}

/** The place that was asked for. */
export const given = (base: string): Place => ({ base, reason: "As it was asked for." });

/**
 * The lowest of some containers that holds nine of ten of the entries that are in one; else one whose name has the words; else
 * `otherwise`. All are DNs of the tree below `suffix`; `name` is what the entries are called.
 */
export function guessPlace(
  containers: readonly string[],
  entries: readonly string[],
  suffix: string,
  { name, words, otherwise }: { readonly name: string; readonly words: RegExp; readonly otherwise: string },
): Place {
  const counts = new Map(containers.map((dn) => [dn.toLowerCase(), 0]));
  let inContainers = 0;
  for (const dn of entries) {
    const above: string[] = [];
    for (let parent = parentOf(dn); parent.length > suffix.length; parent = parentOf(parent))
      above.push(parent.toLowerCase());
    const known = above.filter((parent) => counts.has(parent));
    if (known.length > 0) inContainers++;
    for (const each of known) counts.set(each, counts.get(each)! + 1);
  }
  const depth = (dn: string) => rdnsOf(dn).length;
  const [best] = containers
    .filter((dn) => inContainers > 0 && counts.get(dn.toLowerCase())! >= 0.9 * inContainers)
    .sort((a, b) => depth(b) - depth(a));
  if (best !== undefined)
    return {
      base: best,
      reason: `A guess: ${counts.get(best.toLowerCase())} of the ${entries.length} ${name} are there.`,
    };
  const named = containers.filter((dn) => words.test(rdnsOf(dn)[0]!)).sort((a, b) => depth(a) - depth(b))[0];
  if (named !== undefined) return { base: named, reason: `A guess, by its name: ${name} are in no one place.` };
  return { base: containers[0] ?? otherwise, reason: `A guess: say where ${name} are to be.` };
}
