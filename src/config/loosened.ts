import type { Config } from "./format.ts";

/**
 * The safety settings that a configuration takes away from one before, by their places: what was said and is no longer said, on
 * routes that are still served. A setting with another value is somebody's intention; one that is gone may be half a file.
 */
export function loosened(before: Pick<Config, "safety">, after: Pick<Config, "safety" | "routes">): string[] {
  return Object.entries(before.safety)
    .filter(([route]) => after.routes[route] !== undefined)
    .flatMap(([route, settings]) => gone(settings, after.safety[route], `safety.${route}`));
}

/** The places at which a value says something that another does not; `false` says nothing. */
function gone(before: unknown, after: unknown, at: string): string[] {
  if (before === undefined || before === null || before === false) return [];
  if (after === undefined || after === null) return [at];
  if (Array.isArray(before)) {
    const left = Array.isArray(after) ? after : [];
    return before.filter((each) => !left.includes(each)).map((each) => `${at}: ${String(each)}`);
  }
  if (typeof before !== "object") return [];
  return Object.entries(before).flatMap(([name, value]) =>
    gone(value, (after as Record<string, unknown>)[name], `${at}.${name}`),
  );
}
