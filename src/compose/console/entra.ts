import { callersOf } from "../../auth/chain.ts";
import type { Pace } from "../../console/api/pace.ts";
import type { RetryRules } from "../../console/people/expectation.ts";
import { CYCLE_MS, retriesAt } from "../../entra/retries.ts";
import type { Generation } from "../generation.ts";

type Config = Generation["loaded"]["config"];

/** Names that people give to Entra's credentials, where `console.entraCallers` doesn't say which they are. */
const LIKELY = /entra|azure|aad|microsoft/i;

/** What the console takes for Entra. */
export interface EntraCallers {
  /** Reports whether a caller is Entra, by its name in the configuration. A caller without a name may be. */
  readonly isEntra: (caller: string) => boolean;
  /** Reports whether Entra may write resources of a type through a route. */
  readonly mayWrite: (route: string, type: string) => boolean;
}

/** Which callers are Entra: those that the configuration says, or those that sign in by Entra's tokens or are called so. */
export function entraCallers({ auth, console }: Pick<Config, "auth" | "console">): EntraCallers {
  const callers = callersOf(auth);
  const named = console?.entraCallers && new Set(console.entraCallers);
  const byToken = new Set(auth.flatMap((method) => (method.type === "entra" ? [method.name] : [])));
  const isEntra = (caller: string) =>
    caller === "" || (named ? named.has(caller) : byToken.has(caller) || LIKELY.test(caller));
  return {
    isEntra,
    mayWrite: (route, type) =>
      callers.some(
        ({ name, may: { routes, types, actions } }) =>
          isEntra(name) &&
          routes?.includes(route) !== false &&
          types?.includes(type) !== false &&
          actions?.some((action) => action !== "read") !== false,
      ),
  };
}

/** When Entra, or the simulator that the configuration reckons with, tries again. */
export const retriesIn = ({ console }: Pick<Config, "console">): RetryRules & Pace =>
  retriesAt((console?.cycleMinutes ?? CYCLE_MS / 60_000) * 60_000);

/** How Entra paces what it does, for a page. */
export function paceIn(config: Pick<Config, "console">): Pace {
  const { cycleMs, retriesMs, givenUpAfterMs } = retriesIn(config);
  return { cycleMs, retriesMs, givenUpAfterMs };
}
