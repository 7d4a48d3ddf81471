import type { Config } from "./format.ts";

/** What of a configuration keeps the system behind safe. */
export interface Strictness {
  readonly safety: Config["safety"];
  readonly auth: Config["auth"];
  readonly server: Pick<Config["server"], "networks">;
}

/**
 * What a configuration takes away of one before, by its place: safety settings of routes that are still served, higher limits of the change
 * guard among them; bounds of callers that disappear, not those that change; the networks that may call. It may be half a file, and nobody's intention.
 */
export function loosened(before: Strictness, after: Strictness & Pick<Config, "routes">): string[] {
  const safety = Object.entries(before.safety)
    .filter(([route]) => after.routes[route] !== undefined)
    .flatMap(([route, settings]) => gone(settings, after.safety[route], `safety.${route}`));
  const now = boundsOf(after.auth);
  const callers = [...boundsOf(before.auth)].flatMap(([name, bounds]) => {
    const left = now.get(name);
    return left
      ? Object.keys(bounds)
          .filter((bound) => !(bound in left))
          .map((bound) => `${bound} of ${name}`)
      : [];
  });
  const networks = before.server.networks && !after.server.networks ? ["server.networks"] : [];
  return [...safety, ...callers, ...networks];
}

/**
 * What a later configuration is held against: of routes that one does not serve the settings from before stay known, so that two
 * changes in turn take away no more than one.
 */
export const strictest = (before: Strictness, after: Strictness & Pick<Config, "routes">): Strictness => ({
  ...after,
  safety: {
    ...Object.fromEntries(Object.entries(before.safety).filter(([route]) => after.routes[route] === undefined)),
    ...after.safety,
  },
});

/** The bounds of each caller, by its name: each is there only where it says something. */
function boundsOf(methods: Config["auth"]): Map<string, object> {
  const bounds = new Map<string, object>();
  for (const method of methods) {
    const { tokens, users, clients } = method as unknown as Readonly<Record<string, readonly Caller[] | undefined>>;
    for (const { name, may, rate } of tokens ?? users ?? clients ?? [method as Caller])
      if (name !== undefined)
        bounds.set(name, {
          ...Object.fromEntries(
            Object.entries(may ?? {}).flatMap(([what, list]) => (list ? [[`may.${what}`, list]] : [])),
          ),
          ...(rate !== undefined && { rate }),
        });
  }
  return bounds;
}

interface Caller {
  readonly name?: string;
  readonly may?: Readonly<Record<string, unknown>>;
  readonly rate?: number;
}

/** The places at which a value says something that another does not, or says less of; `false` says nothing. */
function gone(before: unknown, after: unknown, at: string): string[] {
  if (before === undefined || before === null || before === false) return [];
  if (after === undefined || after === null) return [at];
  if (before === true) return after === true ? [] : [at];
  if (typeof before === "number") return typeof after === "number" && after <= before ? [] : [at];
  if (Array.isArray(before)) {
    const left = Array.isArray(after) ? after : [];
    return before.filter((each) => !left.includes(each)).map((each) => `${at}: ${String(each)}`);
  }
  if (typeof before !== "object") return [];
  return Object.entries(before).flatMap(([name, value]) =>
    gone(value, (after as Record<string, unknown>)[name], `${at}.${name}`),
  );
}
