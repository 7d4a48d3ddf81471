import type { Diagnostic } from "../../config/diagnostic.ts";
import type { Loaded } from "../../config/load.ts";
import { rehearse } from "../rehearsal.ts";

/** Looks for what is wrong with a configuration beside its files. */
type Look = (next: Loaded) => Promise<readonly Diagnostic[]>;

/**
 * Looks at one configuration at a time, and remembers by its seal that nothing was found until the files change. Mistakes are looked for
 * again: what mends them may be another file, such as a certificate.
 */
export function oneAtATime(look: Look): (seal: string, next: Loaded) => ReturnType<Look> {
  let last: { readonly seal: string; readonly found: ReturnType<Look> } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  return (seal, next) => {
    if (last?.seal === seal) return last.found;
    const found = turn.then(() => look(next));
    const mine = { seal, found };
    const forget = () => {
      if (last === mine) last = undefined;
    };
    last = mine;
    turn = found.then((mistakes) => mistakes.length > 0 && forget(), forget);
    return found;
  };
}

/** What would prevent a start, or a reload, with a configuration that is valid by itself. */
export async function startMistakesOf(next: Loaded): Promise<readonly Diagnostic[]> {
  const { connectors, mistakes } = await rehearse(next);
  await Promise.all([...connectors.values()].map((connector) => connector.close()));
  return mistakes;
}
