import type { Entry } from "../connector/connector.ts";
import { AWAY, ConnectorError } from "../connector/error.ts";
import { BackendError } from "../gateway/failure.ts";
import type { Endpoint } from "../gateway/references.ts";
import { createRoute, type RouteParts } from "../gateway/route.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { planFilter } from "../mapping/plan.ts";
import { errorBody, ScimError } from "../scim/error.ts";
import { filterText, type TypedFilter, typedFilter } from "../scim/path.ts";
import { type Reading, rehearsed } from "./rehearsed.ts";
import { carryOut, type ScimRequest, targetOf } from "./request.ts";
import type { AskedCall, FilterSplit, Trial } from "./shown.ts";

/** An endpoint of a route whose connector cannot write. */
export interface TrialEndpoint extends Omit<Endpoint, "connector"> {
  readonly connector: Reading;
}

/** A route to try requests on. */
export interface TrialRoute extends Omit<RouteParts, "endpoints"> {
  readonly endpoints: ReadonlyMap<string, TrialEndpoint>;
}

/** What a trial may assume and ask. */
export interface Given {
  /** The entry as it is, in the backend's names; what matters of it is enough. */
  readonly entry?: Entry | undefined;
  /** Whether the entry has nothing else. Otherwise what a change needs of it is made up. */
  readonly whole?: boolean;
  /** Whether the backend is asked for the entry as it is, and for references. */
  readonly live?: boolean;
  /** Whether the backend is asked which parts of a search its indexes do not answer. */
  readonly slow?: boolean;
}

/**
 * Tries a SCIM request: the route's own code carries it out on connectors that note what they are asked and write nothing. Rejects only for
 * faults of the program: what a client would be refused is the trial's answer.
 */
export async function tryRequest(route: TrialRoute, request: ScimRequest, given: Given = {}): Promise<Trial> {
  const asked: AskedCall[] = [];
  try {
    const { id } = targetOf(request, route.base, route.endpoints);
    const isQuery = request.method.toUpperCase() === "GET" && id === undefined;
    const endpoints = rehearsedEndpoints(route, { ...given, isQuery }, (call) => asked.push(call));
    const answer = await carryOut(request, createRoute({ ...route, endpoints, middleware: [], steps: [] }));
    const filter = isQuery ? splitOf(request, route, asked) : undefined;
    return { asked, answer, ...(filter && { filter }) };
  } catch (error) {
    // A connector that is asked for its indexes, or its words, fails without the gateway in between.
    const failure = error instanceof BackendError ? error.failure : error;
    const refusal = failure instanceof ConnectorError ? new BackendError(failure) : error;
    if (!(refusal instanceof ScimError)) throw error;
    const isAway = failure instanceof ConnectorError && AWAY.has(failure.kind);
    return {
      asked,
      answer: { status: refusal.status, body: errorBody(refusal) },
      ...(isAway && given.live === true && { unreachable: failure.message }),
    };
  }
}

/** The endpoints with stand-ins for their connectors. Types that share a connector share its stand-in. */
function rehearsedEndpoints(
  { endpoints }: TrialRoute,
  { entry, whole = false, live = false, slow = false, isQuery }: Given & { readonly isQuery: boolean },
  note: (call: AskedCall) => void,
): Map<string, Endpoint> {
  const all = [...endpoints];
  const standIns = new Map(
    all.map(([, { connector, name }]) => {
      const mappings = all.filter(([, each]) => each.connector === connector).map(([, { mapping }]) => mapping);
      return [connector, rehearsed(connector, { name, mappings, entry, whole, live, isQuery, slow, note })];
    }),
  );
  return new Map(all.map(([type, endpoint]) => [type, { ...endpoint, connector: standIns.get(endpoint.connector)! }]));
}

/** How a query's filter was divided. Undefined if it has none. */
function splitOf(
  request: ScimRequest,
  { base, endpoints }: TrialRoute,
  asked: readonly AskedCall[],
): FilterSplit | undefined {
  const { type, query } = targetOf(request, base, endpoints);
  if (!query.filter?.trim()) return undefined;
  const { mapping, connector } = endpoints.get(type.name)!;
  const filter = typedFilter(query.filter, type);
  const rest = restOf(filter, mapping, connector);
  const question = asked.find(({ call, kind }) => kind === mapping.kind && (call === "search" || call === "get"));
  if (question?.call === "get") {
    const where = `${connector.kinds.get(mapping.kind)!.key} eq …`;
    return { pushed: "superset", where, rest: filterText(filter, type) };
  }
  const pushed = rest === undefined ? "exact" : question?.where === undefined ? "none" : "superset";
  return { pushed, where: question?.where, rest: rest && filterText(rest, type) };
}

/** The part of a filter that the backend does not answer. */
function restOf(filter: TypedFilter, mapping: Mapping, connector: Reading): TypedFilter | undefined {
  const references = { toReference: (_: string, id: string) => id, toId: () => undefined };
  return planFilter(mapping, filter, (condition) => connector.supports(mapping.kind, condition), references).rest;
}
