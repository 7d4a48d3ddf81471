import { openConnectors } from "../compose.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { BackendOperation, Connector, Entry } from "../connector/connector.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { planFilter } from "../mapping/plan.ts";
import { bareRoute } from "../routes.ts";
import { errorBody, ScimError } from "../scim/error.ts";
import { filterText, typedFilter } from "../scim/path.ts";
import { carryOut, routeOf, type ScimRequest, targetOf } from "./request.ts";

/** Asking a backend about its indexes may take this long, in milliseconds. */
const CONNECT_MS = 10_000;

/**
 * Prints what a SCIM request would ask of the backend. Nothing of it is asked: ids and entries are made up on the way. With
 * `connect` the backend is asked what of it its indexes do not answer.
 */
export async function explainCommand(
  registry: Registry,
  file: string,
  request: ScimRequest,
  connect: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const loaded = loadConfig(file, registry, env);
  const base = routeOf(request, loaded.routes.keys());
  const opened = openConnectors(loaded, { warn: () => {} });
  try {
    if (connect)
      await Promise.all([...opened.values()].map((connector) => connector.probe(AbortSignal.timeout(CONNECT_MS))));
    const mappings = [...loaded.routes.get(base)!.values()].map(({ mapping }) => mapping);
    const dry = new Map([...opened].map(([name, connector]) => [name, explaining(connector, name, mappings, connect)]));
    // Nothing of it is done, so that nothing stands before it.
    const route = bareRoute(loaded, base, dry);
    const { endpoints } = route;
    const { type, query, id } = targetOf(request, base, endpoints);
    await carryOut(request, route);
    if (query.filter && id === undefined) explainRest(query.filter);
    return 0;

    function explainRest(filter: string): void {
      const { mapping, connector } = endpoints.get(type.name)!;
      const references = { toReference: (_: string, each: string) => each, toId: () => undefined };
      const { rest } = planFilter(
        mapping,
        typedFilter(filter, type),
        (condition) => connector.supports(mapping.kind, condition),
        references,
      );
      console.log(rest ? `evaluated behind it: ${filterText(rest, type)}` : "the backend answers the whole filter");
    }
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    console.log(JSON.stringify(errorBody(error), undefined, 2));
    return 1;
  } finally {
    await Promise.all([...opened.values()].map((connector) => connector.close()));
  }
}

/** What an entry must hold for a change of it to be worked out: a value where one is required, and where one is kept in part. */
function madeUp({ rows, type }: Mapping): Entry {
  const needed = rows.flatMap((row): [string, string | number][] => {
    if (row.is !== "attr" || row.readOnly) return [];
    if (row.codec.keepsRest) return [[row.attr, 0]];
    return row.path.attribute.required && row.path.schema === type.schema ? [[row.attr, "as it is"]] : [];
  });
  return Object.fromEntries(needed);
}

/** A connector that prints what it would do, and answers as if it had been done. */
function explaining(connector: Connector, name: string, mappings: readonly Mapping[], connect: boolean): Connector {
  const print = async (operation: BackendOperation) =>
    console.log(`# ${name}: ${operation.type} ${operation.kind}\n${await connector.explain(operation)}\n`);
  const keyed = (kind: string, key: string) => ({ [connector.kinds.get(kind)!.key]: key });
  return {
    ...connector,
    search: async ({ signal: _, ...request }) => {
      await print({ type: "search", ...request });
      if (connect && request.where) {
        const slow = await connector.slow?.(request.kind, request.where, AbortSignal.timeout(CONNECT_MS));
        for (const each of slow ?? []) console.log(`# slow: ${each}\n`);
      }
      return { entries: [], total: 0 };
    },
    get: async ({ signal: _, ...request }) => {
      await print({ type: "get", ...request });
      const made = madeUp(mappings.find(({ kind }) => kind === request.kind)!);
      if (Object.keys(made).length > 0) console.log(`# as if this were found: ${JSON.stringify(made)}\n`);
      return { ...made, ...keyed(request.kind, request.key) };
    },
    create: async ({ signal: _, ...request }) => {
      await print({ type: "create", ...request });
      return keyed(request.kind, "new");
    },
    update: async ({ signal: _, ...request }) => {
      await print({ type: "update", ...request });
      return keyed(request.kind, request.key);
    },
    delete: async ({ signal: _, ...request }) => print({ type: "delete", ...request }),
    ...(connector.resolve && {
      resolve: async ({ kind, to, values }) => {
        console.log(`# ${name}: look up the ${to} of ${values.join(", ")} among ${kind}\n`);
        return new Map(
          values.map((value) => [value, connector.anyKind?.referenceTo(value) ?? `<the ${kind} ${value}>`]),
        );
      },
    }),
  };
}
