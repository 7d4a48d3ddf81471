import { allowedBy } from "../sync/guard.ts";
import type { Config } from "./format.ts";

/** What of a configuration keeps the system behind safe. */
export interface Strictness {
  readonly safety: Config["safety"];
  readonly auth: Config["auth"];
  readonly server: Pick<Config["server"], "networks">;
  readonly connectors: Config["connectors"];
  readonly syncs: Config["syncs"];
  readonly routes: Config["routes"];
}

/**
 * What a configuration takes away of one before, by its place: safety settings of routes that are still served, higher limits of the change
 * guard among them, and what such routes ask of their clients; bounds of callers and of what their tokens must say that disappear, not those that change; the networks that may
 * call; what bounds a kind of entries, and what a deletion does in place of one. It may be half a file, and nobody's intention.
 */
export function loosened(before: Strictness, after: Strictness): string[] {
  const safety = Object.entries(before.safety)
    .filter(([route]) => after.routes[route] !== undefined)
    .flatMap(([route, settings]) => gone(settings, after.safety[route], `safety.${route}`));
  const profiles = Object.entries(before.routes)
    .filter(([route]) => after.routes[route] !== undefined)
    .flatMap(([route, settings]) => lessAsked(settings, after.routes[route]!, `routes.${route}`));
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
  const kinds = Object.entries(before.connectors).flatMap(([name, connector]) =>
    missing(connector, after.connectors[name], `connectors.${name}`),
  );
  const syncs = Object.entries(before.syncs).flatMap(([name, sync]) => higher(name, sync, after.syncs[name]));
  return [...safety, ...profiles, ...callers, ...claimsGone(before.auth, after.auth), ...networks, ...kinds, ...syncs];
}

type Asking = Pick<Config["routes"][string], "strict" | "profile">;

/** The settings by which a route refused what it now lets pass. The interoperability profile includes all that `strict` refuses. */
function lessAsked(before: Asking, after: Asking, at: string): string[] {
  const [wasInterop, isInterop] = [before.profile === "interop", after.profile === "interop"];
  return gone(
    { strict: before.strict === true, profile: wasInterop },
    { strict: after.strict === true || isInterop, profile: isInterop },
    at,
  );
}

/** How many accounts a directory may have, to hold bounds of which one is a share against each other. */
const SIZES = [10, 1000, 100_000];

/** The bounds of a sync's guard that are higher, and what it respects no more. */
function higher(name: string, before: Sync, after: Sync | undefined): string[] {
  if (!after) return [];
  const kinds = Object.keys(before.guard) as (keyof Sync["guard"])[];
  const bounds = kinds.filter((kind) =>
    SIZES.some((size) => allowedBy(after.guard[kind], size) > allowedBy(before.guard[kind], size)),
  );
  return [
    ...bounds.map((kind) => `syncs.${name}.guard.${kind}`),
    ...(before.respectDisabled && !after.respectDisabled ? [`syncs.${name}.respectDisabled`] : []),
    ...(Number.parseFloat(after.from.shrink) > Number.parseFloat(before.from.shrink)
      ? [`syncs.${name}.from.shrink`]
      : []),
  ];
}

type Sync = Config["syncs"][string];

/** The settings of connectors that say which entries are a kind's, and that keep those that are deleted. */
const BOUNDS = ["where", "filter", "within", "deletedBy", "onDelete", "of"];

/** The bounds that are left out of a part of a connector's settings which is still there. */
function missing(before: unknown, after: unknown, at: string): string[] {
  if (!isRecord(before) || !isRecord(after)) return [];
  return Object.entries(before).flatMap(([name, value]) => {
    const place = `${at}.${name}`;
    if (!BOUNDS.includes(name)) return missing(value, after[name], place);
    if (after[name] === undefined) return [place];
    if (!isRecord(value) || !isRecord(after[name])) return [];
    const left = after[name];
    return Object.keys(value)
      .filter((each) => !(each in left))
      .map((each) => `${place}.${each}`);
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a method's tokens had to say, and need no longer. Methods are told apart by their type and issuer, or their place. */
function claimsGone(before: Config["auth"], after: Config["auth"]): string[] {
  const byName = (methods: Config["auth"]) =>
    new Map(
      (methods as unknown as readonly Method[]).map((method, index) => [
        `${method.type} ${method.issuer ?? method.tenant ?? index}`,
        method,
      ]),
    );
  const now = byName(after);
  return [...byName(before)].flatMap(([name, { claims, scope }]) => {
    const left = now.get(name);
    if (!left) return [];
    const gone = Object.keys(claims ?? {}).filter((claim) => !(claim in (left.claims ?? {})));
    return [
      ...gone.map((claim) => `claims.${claim} of ${name}`),
      ...(scope !== undefined && left.scope === undefined ? [`scope of ${name}`] : []),
    ];
  });
}

interface Method {
  readonly type: string;
  readonly issuer?: string;
  readonly tenant?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly scope?: string;
}

/**
 * What a later configuration is held against: of routes that one does not serve the settings from before stay known, so that two
 * changes in turn take away no more than one.
 */
export function strictest(before: Strictness, after: Strictness): Strictness {
  const unserved = <T>(settings: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(settings).filter(([route]) => after.routes[route] === undefined));
  return {
    ...after,
    safety: { ...unserved(before.safety), ...after.safety },
    routes: { ...unserved(before.routes), ...after.routes },
  };
}

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
