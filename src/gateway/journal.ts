import type { Entry } from "../connector/connector.ts";
import type { Journal } from "../journal/journal.ts";
import { beginTrace } from "../journal/trace.ts";
import { type Mapping, secretAttrs } from "../mapping/mapping.ts";
import { GuardStop } from "./guard.ts";
import { nameIn, rememberNames } from "./names.ts";
import type { Middleware, ScimOperation } from "./operation.ts";
import type { Endpoints } from "./references.ts";
import { attrsOfWrite, type WriteStep } from "./writes.ts";

/** The places on an operation's way where the journal looks at it. */
export interface Journaling {
  /** Follows each operation, and hands it over when it has ended. Outermost of the middleware. */
  readonly operations: Middleware;
  /** Notes which attributes a write sets. The first of the write's steps. */
  readonly writes: WriteStep;
}

/**
 * Writes a route's operations into a journal: each write, each failure and, with `reads`, reads that succeed. It changes nothing of them,
 * and none of them waits for it.
 */
export function journaling(
  route: string,
  endpoints: Endpoints,
  { journal, reads }: { readonly journal: Pick<Journal, "happened">; readonly reads: boolean },
): Journaling {
  const known = new Map(
    [...endpoints].map(([type, { mapping }]) => [
      type,
      { type: mapping.type, secretAttrs: secretAttrs(mapping), memberType: memberTypeOf(mapping) },
    ]),
  );

  const mappings = new Map([...endpoints].map(([type, { mapping }]) => [type, mapping]));
  const names = rememberNames(mappings);

  const operations: Middleware = (next) => async (operation) => {
    const { context, name: action, type } = operation;
    const ofType = known.get(type);
    if (!ofType) return next(operation);
    if (context.isLook) {
      const resource = await next(operation);
      names.learn(operation, resource);
      return resource;
    }
    const trace = beginTrace();
    const id = "id" in operation ? operation.id : undefined;
    const mapping = mappings.get(type)!;
    let entry: Entry | undefined;
    if (action === "delete")
      trace.read = (kind, key, read) => {
        if (kind === mapping.kind && key === id) entry = read;
      };
    /** What the resource is called as far as that is known now; what is to be worked out for it comes behind the answer. */
    const knownName = () => {
      const name = id === undefined ? "" : names.nameOf(type, id);
      const read = entry;
      return async () => (name === "" && read ? nameIn(mapping, read) : name);
    };
    const received = context.receivedAt ?? trace.begun;
    const at = Date.now() - Math.round(trace.begun - received);
    const ended = (outcome: { readonly resource: unknown } | { readonly error: unknown }) => {
      context.journaled?.();
      const { caller, source, requestId } = context;
      const about = {
        at,
        received,
        ended: performance.now(),
        route,
        caller,
        source,
        requestId,
        action,
        trace,
        outcome,
        isStopped: "error" in outcome && outcome.error instanceof GuardStop,
      };
      journal.happened({ ...about, ...ofType, id, knownName: knownName(), sent: sentBy(operation) });
    };
    try {
      const resource = await next({ ...operation, context: { ...context, trace } });
      if (reads || (action !== "get" && action !== "list")) ended({ resource });
      names.learn(operation, resource);
      return resource;
    } catch (error) {
      ended({ error });
      throw error;
    }
  };

  const writes: WriteStep = (next) => (write) => {
    const { trace } = write.context;
    if (trace) trace.mapped ??= { at: performance.now(), attributes: attrsOfWrite(write) };
    return next(write);
  };
  return { operations, writes };
}

/** The type of a group's members; empty if there are several. */
function memberTypeOf({ rows }: Mapping): string {
  const types = new Set(
    rows.flatMap((row) => (row.is === "ref" && row.path.attribute.name === "members" ? row.refs : [])),
  );
  const [only = ""] = types;
  return types.size === 1 ? only : "";
}

function sentBy(operation: ScimOperation): unknown {
  if ("body" in operation) return operation.body;
  if (operation.name !== "list" || operation.query.filter === undefined) return undefined;
  return { filter: operation.query.filter };
}
