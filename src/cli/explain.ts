import { openConnectors } from "../compose.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { BackendOperation, Connector, Entry } from "../connector/connector.ts";
import { ConnectorError } from "../connector/error.ts";
import { BackendError } from "../gateway/failure.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { planFilter } from "../mapping/plan.ts";
import { bareRoute } from "../routes.ts";
import { errorBody, ScimError } from "../scim/error.ts";
import { filterText, typedFilter } from "../scim/path.ts";
import { EXIT } from "./exit.ts";
import { carryOut, routeOf, type ScimRequest, targetOf } from "./request.ts";

/** Asking a backend about its indexes may take this long, in milliseconds. */
const CONNECT_MS = 10_000;

/** What is asked of `explain`. */
export interface ExplainOptions {
  readonly registry: Registry;
  readonly file: string;
  readonly request: ScimRequest;
  /** Whether the backend is asked: for the entry as it is, for references, and for what its indexes do not answer. */
  readonly connect: boolean;
  /** The entry as it is, in place of one that is made up or asked for. */
  readonly entry: Entry | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Prints what a SCIM request would ask of the backend. Nothing is written, and nothing read but with `connect`: ids and entries are made up
 * on the way, unless an entry is given. Gives the exit status: see `EXIT`.
 */
export async function explainCommand(options: ExplainOptions): Promise<number> {
  const { registry, file, request, connect, env } = options;
  const loaded = loadConfig(file, registry, env);
  const base = routeOf(request, loaded.routes.keys());
  const opened = openConnectors(loaded, { warn: () => {} });
  try {
    if (connect)
      await Promise.all([...opened.values()].map((connector) => connector.probe(AbortSignal.timeout(CONNECT_MS))));
    const mappings = [...loaded.routes.get(base)!.values()].map(({ mapping }) => mapping);
    const seen = { read: [] as string[], isWritten: false };
    const dry = new Map(
      [...opened].map(([name, connector]) => [name, explaining(connector, name, { mappings, seen, options })]),
    );
    // Nothing of it is done, so that nothing stands before it.
    const route = bareRoute(loaded, base, dry);
    const { endpoints } = route;
    const { type, query, id } = targetOf(request, base, endpoints);
    await carryOut(request, route);
    if (query.filter && id === undefined) explainRest(query.filter);
    const isChange = ["PUT", "PATCH"].includes(request.method.toUpperCase());
    if (isChange && !seen.isWritten) console.log(nothingWritten(options, seen.read));
    return EXIT.fine;

    function explainRest(filter: string): void {
      const { mapping, connector } = endpoints.get(type.name)!;
      const references = { toReference: (_: string, each: string) => each, toId: () => undefined };
      const { rest } = planFilter(
        mapping,
        typedFilter(filter, type),
        (condition) => connector.supports(mapping.kind, condition),
        references,
      );
      console.log(rest ? `evaluated by Postern: ${filterText(rest, type)}` : "the backend answers the whole filter");
    }
  } catch (error) {
    const failure = error instanceof BackendError ? error.failure : error;
    if (failure instanceof ConnectorError && connect && ["unavailable", "timeout", "denied"].includes(failure.kind)) {
      console.error(`The backend could not be asked: ${failure.message}`);
      return EXIT.unreachable;
    }
    if (!(error instanceof ScimError)) throw error;
    console.log(JSON.stringify(errorBody(error), undefined, 2));
    return EXIT.findings;
  } finally {
    await Promise.all([...opened.values()].map((connector) => connector.close()));
  }
}

/** So many attributes are named in an example. */
const MAX_NAMED = 4;

/** Why no write was shown, and how to see one. */
const nothingWritten = ({ connect, entry }: ExplainOptions, read: readonly string[]): string =>
  connect || entry
    ? "# nothing would be written: the entry is as the request asks"
    : `# What is written depends on the entry as it is. Give one, --entry '{${read
        .slice(0, MAX_NAMED)
        .map((attr) => `"${attr}": ...`)
        .join(
          ", ",
        )}${read.length > MAX_NAMED ? ", ..." : ""}}' with what matters of it, or let the backend be asked for it, --connect.`;

/** What an entry must hold for a change of it to be worked out: a value where one is required, and where one is kept in part. */
function madeUp({ rows, type }: Mapping): Entry {
  const needed = rows.flatMap((row): [string, string | number][] => {
    if (row.is !== "attr" || row.readOnly) return [];
    if (row.codec.keepsRest) return [[row.attr, 0]];
    return row.path.attribute.required && row.path.schema === type.schema ? [[row.attr, "as it is"]] : [];
  });
  return Object.fromEntries(needed);
}

/** What a connector is explained with. */
interface Explaining {
  readonly mappings: readonly Mapping[];
  /** What was seen on the way: the attributes that were read of an entry, and whether anything would be written. */
  readonly seen: { read: string[]; isWritten: boolean };
  readonly options: ExplainOptions;
}

/** A connector that prints what it would do, and answers as if it had been done. */
function explaining(connector: Connector, name: string, { mappings, seen, options }: Explaining): Connector {
  const { connect, entry } = options;
  const print = async (operation: BackendOperation) =>
    console.log(`# ${name}: ${operation.type} ${operation.kind}\n${await connector.explain(operation)}\n`);
  const write = async (operation: BackendOperation) => {
    seen.isWritten = true;
    await print(operation);
  };
  const keyed = (kind: string, key: string) => ({ [connector.kinds.get(kind)!.key]: key });
  const lookUp: Connector["resolve"] = async ({ kind, to, values }) => {
    console.log(`# ${name}: look up the ${to} of ${values.join(", ")} among ${kind}\n`);
    return new Map(values.map((value) => [value, connector.anyKind?.referenceTo(value) ?? `<the ${kind} ${value}>`]));
  };
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
    get: async ({ signal, ...request }) => {
      await print({ type: "get", ...request });
      seen.read.push(...request.attrs.filter((attr) => !seen.read.includes(attr)));
      if (connect && !entry) return connector.get({ ...request, signal });
      // Of an entry only what matters has to be given.
      const made = { ...madeUp(mappings.find(({ kind }) => kind === request.kind)!), ...entry };
      if (Object.keys(made).length > 0) console.log(`# as if this were found: ${JSON.stringify(made)}\n`);
      return { ...made, ...keyed(request.kind, request.key) };
    },
    create: async ({ signal: _, ...request }) => {
      await write({ type: "create", ...request });
      return keyed(request.kind, "new");
    },
    update: async ({ signal: _, ...request }) => {
      await write({ type: "update", ...request });
      return keyed(request.kind, request.key);
    },
    delete: async ({ signal: _, ...request }) => write({ type: "delete", ...request }),
    ...(connector.resolve && { resolve: connect ? connector.resolve : lookUp }),
  };
}
