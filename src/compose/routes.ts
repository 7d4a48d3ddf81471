import type { Loaded } from "../config/load.ts";
import type { Connector } from "../connector/connector.ts";
import { recording } from "../gateway/audit.ts";
import { logged } from "../gateway/failures.ts";
import { type Danger, type GuardLedger, guarded } from "../gateway/guard.ts";
import { journaling } from "../gateway/journal.ts";
import { permitted } from "../gateway/permissions.ts";
import { protectedAttributes, protectedEntries } from "../gateway/protection.ts";
import type { Endpoint } from "../gateway/references.ts";
import type { Repeats } from "../gateway/repeats.ts";
import { createRoute, type Route, type RouteParts } from "../gateway/route.ts";
import { dryRun, readOnly } from "../gateway/switches.ts";
import type { Journal } from "../journal/journal.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { publishedType } from "../mapping/published.ts";
import type { Log } from "../observe/log.ts";
import { ScimError } from "../scim/error.ts";
import { profileOf } from "../scim/profile.ts";
import type { AuditTrail } from "../sink/trail.ts";

/** The gateway cannot start, for a reason that its administrator can fix. */
export class StartError extends Error {}

/** Services that routes share. */
export interface RouteServices {
  readonly audit: AuditTrail | undefined;
  readonly journal?: Journal | undefined;
  /** The change guard's ledger. Opened if a route has a guard. */
  readonly ledger: () => GuardLedger;
  readonly log: Pick<Log, "warn">;
  readonly repeats?: Repeats;
  /** Called for each change that the guard stopped. */
  readonly stopped: (route: string, type: string, danger: Danger) => void;
}

/** The endpoints of a route by resource type. */
export function endpointsOf(
  { config, routes }: Loaded,
  base: string,
  connectors: ReadonlyMap<string, Connector>,
): Map<string, Endpoint> {
  const types = routes.get(base) ?? new Map();
  const endpoints = new Map(
    [...types].map(([type, { mapping, connector }]): [string, Endpoint] => [
      type,
      {
        mapping: inProfile(mapping, config.routes[base]!),
        connector: connectors.get(connector)!,
        name: connector,
      },
    ]),
  );
  for (const endpoint of endpoints.values()) checkLookUps(base, endpoint, endpoints);
  return endpoints;
}

/** Adds the route's profile to the mapping's resource type. */
function inProfile(mapping: Mapping, settings: Loaded["config"]["routes"][string]): Mapping {
  const types = { type: mapping.type, defined: publishedType(mapping) };
  const profile = profileOf(settings, types, (attribute) => mapping.groups.has(attribute));
  return profile ? { ...mapping, type: { ...mapping.type, profile } } : mapping;
}

/** Throws a `StartError` if entries cannot be found by the attribute that references use. */
function checkLookUps(base: string, { mapping, name }: Endpoint, endpoints: ReadonlyMap<string, Endpoint>): void {
  for (const row of mapping.rows) {
    if (row.is !== "ref" || row.by === undefined) continue;
    for (const type of row.refs) {
      const target = endpoints.get(type);
      if (!target || target.name !== name) continue;
      const { kind } = target.mapping;
      if (target.connector.supports(kind, { op: "eq", attr: row.by, value: "x" }) === "none")
        throw new StartError(
          `${base}: "${row.name}" refers to a ${type} by ${row.by}, but the connector ${name} cannot search for a ${kind} by that attribute`,
        );
    }
  }
}

/** What a route is made of, without middleware. Throws a `StartError`. */
export const routeParts = (loaded: Loaded, base: string, connectors: ReadonlyMap<string, Connector>): RouteParts => ({
  base,
  endpoints: endpointsOf(loaded, base, connectors),
  limits: loaded.config.limits,
  patchAnswers: new Map(
    [...(loaded.routes.get(base) ?? [])].map(([type, { patchResponse }]) => [type, patchResponse] as const),
  ),
});

/** A route without middleware, for planning that never writes. */
export const bareRoute = (loaded: Loaded, base: string, connectors: ReadonlyMap<string, Connector>): Route =>
  createRoute({ ...routeParts(loaded, base, connectors), middleware: [], steps: [] });

/**
 * Builds a route with its middleware. This is the only place that defines the order, outermost first. Throws `StartError` if a protection
 * filter cannot be evaluated.
 */
export function routeAt(
  loaded: Loaded,
  base: string,
  connectors: ReadonlyMap<string, Connector>,
  { audit, journal, ledger, log, repeats, stopped }: RouteServices,
): Route {
  const { config } = loaded;
  const options = routeParts(loaded, base, connectors);
  const { readOnly: isReadOnly, protect, guard, dryRun: isDry } = config.safety[base] ?? {};
  const records = audit && recording(base, audit, { values: config.audit?.values ?? false, isDry: isDry === true });
  const notes = journal && journaling(base, options.endpoints, { journal, reads: config.journal?.reads ?? false });
  const warn = (fields: Record<string, unknown>, message: string) => log.warn({ route: base, ...fields }, message);
  const only = <T>(isWanted: unknown, make: () => T): T[] => (isWanted ? [make()] : []);
  return createRoute({
    ...options,
    ...(repeats && { repeats }),
    middleware: [
      ...only(notes, () => notes!.operations),
      logged(warn),
      ...only(records, () => records!.refusals),
      permitted,
    ],
    steps: [
      ...only(notes, () => notes!.writes),
      ...only(records, () => records!.outcomes),
      ...only(isReadOnly, () => readOnly),
      ...only(protect, () => atRoute(base, () => protectedAttributes(protect!, options.endpoints))),
      ...only(protect, () => atRoute(base, () => protectedEntries(protect!, options.endpoints))),
      ...only(guard && !isDry, () =>
        guarded(
          base,
          guard!,
          ledger(),
          ({ type, danger, key }, { requestId, caller }) => {
            stopped(base, type, danger);
            const release = `postern guard release ${base}`;
            warn({ type, danger, key, requestId, ...(caller && { caller }), release }, "change guard stopped a change");
          },
          ({ type, danger }, { message }) =>
            warn(
              { type, danger, reason: message },
              "change guard could not update its store: a reservation stays counted",
            ),
        ),
      ),
      ...only(isDry, () => dryRun(warn)),
      ...only(records, () => records!.intents),
    ],
  });
}

/** Adds the route to mistakes in protection settings. */
function atRoute<T>(base: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw new StartError(`safety of ${base}: protect: ${error.message}`);
  }
}
