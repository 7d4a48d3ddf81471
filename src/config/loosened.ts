import type { Caller } from "../auth/caller.ts";
import { callersOf } from "../auth/chain.ts";
import { allowedBy } from "../sync/guard.ts";
import type { Config } from "./format.ts";

/** The parts of a configuration that protect the backend. */
export interface Strictness {
  readonly safety: Config["safety"];
  readonly auth: Config["auth"];
  readonly server: Pick<Config["server"], "networks">;
  readonly connectors: Config["connectors"];
  readonly syncs: Config["syncs"];
  readonly routes: Config["routes"];
}

/**
 * Lists, by place, the protection that a new configuration would remove: safety settings of routes that are still served, including higher
 * guard limits; profiles of such routes; limits and required claims of callers that disappear (changed ones are allowed); allowed networks;
 * bounds of kinds; and settings that replace deletion. Such a file may be half-written rather than intended.
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

/** Settings by which a route refused requests that it would now accept. The interop profile includes everything that `strict` refuses. */
function lessAsked(before: Asking, after: Asking, at: string): string[] {
  const [wasInterop, isInterop] = [before.profile === "interop", after.profile === "interop"];
  return gone(
    { strict: before.strict === true, profile: wasInterop },
    { strict: after.strict === true || isInterop, profile: isInterop },
    at,
  );
}

/** Directory sizes at which absolute limits and percentages are compared. */
const SIZES = [10, 1000, 100_000];

/** Limits of a sync's guard that were raised or removed. */
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

/** Connector settings that define which entries belong to a kind, or that keep deleted entries. */
const BOUNDS = ["where", "filter", "within", "deletedBy", "onDelete", "of"];

/** Bounds that were removed from a part of the connector's settings that still exists. */
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

/** Claims that tokens no longer need. Methods are matched by type and issuer, or by position. */
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
 * The strictest combination of two configurations. Settings of routes that are no longer served are remembered, so that two reloads in a
 * row cannot remove more than one could.
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

/** The limits of each caller by name. Only limits that are set are included. */
function boundsOf(methods: Config["auth"]): Map<string, object> {
  const bounds = new Map<string, object>();
  for (const { name, may, rate } of callersOf(methods) as readonly Partial<Caller>[])
    if (name !== undefined)
      bounds.set(name, {
        ...Object.fromEntries(
          Object.entries(may ?? {}).flatMap(([what, list]) => (list ? [[`may.${what}`, list]] : [])),
        ),
        ...(rate !== undefined && { rate }),
      });
  return bounds;
}

/** The places where `after` no longer contains what `before` does. `false` counts as absent. */
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
