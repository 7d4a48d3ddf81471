import type { Loaded } from "./config/load.ts";
import type { Connector } from "./connector/connector.ts";
import { recording } from "./gateway/audit.ts";
import { logged } from "./gateway/failures.ts";
import { type Danger, type GuardLedger, guarded } from "./gateway/guard.ts";
import { permitted } from "./gateway/permissions.ts";
import { protectedAttributes, protectedEntries } from "./gateway/protection.ts";
import type { Endpoint } from "./gateway/references.ts";
import type { Repeats } from "./gateway/repeats.ts";
import { createRoute, type Route } from "./gateway/route.ts";
import { dryRun, readOnly } from "./gateway/switches.ts";
import type { Mapping } from "./mapping/mapping.ts";
import { publishedType } from "./mapping/published.ts";
import type { Log } from "./observe/log.ts";
import { ScimError } from "./scim/error.ts";
import { profileOf } from "./scim/profile.ts";
import type { AuditTrail } from "./sink/trail.ts";

/** The gateway cannot start, for a reason that its administrator can do something about. */
export class StartError extends Error {}

/** What the routes of a gateway share. */
export interface RouteServices {
  readonly audit: AuditTrail | undefined;
  /** The change guard's ledger; opened where a route has a guard. */
  readonly ledger: () => GuardLedger;
  readonly log: Pick<Log, "warn">;
  readonly repeats?: Repeats;
  /** Called for each change that the guard stopped. */
  readonly stopped: (route: string, type: string, danger: Danger) => void;
}

/** The endpoints of a route, by resource type. */
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

/** A mapping whose type says what the route asks of its clients. */
function inProfile(mapping: Mapping, settings: Loaded["config"]["routes"][string]): Mapping {
  const types = { type: mapping.type, defined: publishedType(mapping) };
  const profile = profileOf(settings, types, (attribute) => mapping.groups.has(attribute));
  return profile ? { ...mapping, type: { ...mapping.type, profile } } : mapping;
}

/** Throws a `StartError` where entries cannot be found by the attribute that references hold. */
function checkLookUps(base: string, { mapping, name }: Endpoint, endpoints: ReadonlyMap<string, Endpoint>): void {
  for (const row of mapping.rows) {
    if (row.is !== "ref" || row.by === undefined) continue;
    for (const type of row.refs) {
      const target = endpoints.get(type);
      if (!target || target.name !== name) continue;
      const { kind } = target.mapping;
      if (target.connector.supports(kind, { op: "eq", attr: row.by, value: "x" }) === "none")
        throw new StartError(
          `${base}: "${row.name}" refers to a ${type} by ${row.by}, and the connector ${name} cannot look for a ${kind} by that`,
        );
    }
  }
}

const optionsOf = (loaded: Loaded, base: string, connectors: ReadonlyMap<string, Connector>) => ({
  base,
  endpoints: endpointsOf(loaded, base, connectors),
  limits: loaded.config.limits,
  patchAnswers: new Map(
    [...(loaded.routes.get(base) ?? [])].map(([type, { patchResponse }]) => [type, patchResponse] as const),
  ),
});

/** A route with nothing before its operations, for what is played and never written. */
export const bareRoute = (loaded: Loaded, base: string, connectors: ReadonlyMap<string, Connector>): Route =>
  createRoute({ ...optionsOf(loaded, base, connectors), middleware: [], steps: [] });

/**
 * A route as it is configured. This is the one place that says what stands before what, the outermost first. Throws `StartError`
 * for a protection that cannot be evaluated.
 */
export function routeAt(
  loaded: Loaded,
  base: string,
  connectors: ReadonlyMap<string, Connector>,
  { audit, ledger, log, repeats, stopped }: RouteServices,
): Route {
  const { config } = loaded;
  const options = optionsOf(loaded, base, connectors);
  const { readOnly: isReadOnly, protect, guard, dryRun: isDry } = config.safety[base] ?? {};
  const records = audit && recording(base, audit, { values: config.audit?.values ?? false, isDry: isDry === true });
  const warn = (fields: Record<string, unknown>, message: string) => log.warn({ route: base, ...fields }, message);
  const only = <T>(isWanted: unknown, make: () => T): T[] => (isWanted ? [make()] : []);
  return createRoute({
    ...options,
    ...(repeats && { repeats }),
    middleware: [logged(warn), ...only(records, () => records!.refusals), permitted],
    steps: [
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
            warn(
              { type, danger, key, requestId, ...(caller && { caller }), release },
              "the change guard stopped a change",
            );
          },
          ({ type, danger }, { message }) =>
            warn({ type, danger, reason: message }, "the guard's store could not be written: a place stays taken"),
        ),
      ),
      ...only(isDry, () => dryRun(warn)),
      ...only(records, () => records!.intents),
    ],
  });
}

/** Says at which route a mistake in the settings of protection is. */
function atRoute<T>(base: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw new StartError(`safety of ${base}: protect: ${error.message}`);
  }
}
