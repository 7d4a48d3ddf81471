import { setImmediate as next } from "node:timers/promises";
import { type Bulk, type BulkOperation, type BulkResult, bulkIdsIn, bulkResponse, withIds } from "../scim/bulk.ts";
import { badRequest, errorBody, inConflict, notFound, notNow, ScimError, tooMany, unforeseen } from "../scim/error.ts";
import { isObject, type Resource } from "../scim/schema.ts";
import { type Context, OPERATION_MS } from "./context.ts";
import type { Route } from "./route.ts";

/** Number of concurrent operations. */
const CONCURRENCY = 8;
/** After this long, no further operation is started. */
const MAX_MS = 60_000;

/**
 * Runs a bulk request, RFC 7644 §3.7. An operation waits for those whose bulkId it refers to, and for the previous one on the same
 * resource. Others run concurrently, or one by one with `failOnErrors`. Circular references are refused with 409. Results are in the order
 * of the request; operations that were not started have none.
 */
export async function runBulk(route: Route, bulk: Bulk, context: Context): Promise<unknown> {
  const { operations, failOnErrors } = bulk;
  const start = Date.now();
  const results = new Map<number, BulkResult>();
  const ids = new Map<string, string>();
  const waitsFor = dependencies(operations);
  let failures = 0;
  const mayBegin = () => failOnErrors === undefined || failures < failOnErrors;

  async function perform(index: number): Promise<void> {
    const operation = operations[index]!;
    try {
      if (operation.mistake) throw operation.mistake;
      // The request itself has been counted as one.
      if (index > 0 && !(await context.mayDo(1)))
        throw tooMany("Rate limit exceeded: each operation of a bulk request counts. Send fewer at a time.");
      if (Date.now() - start > MAX_MS) throw notNow("The bulk request took too long: send fewer operations at a time.");
      const missing = [...bulkIdsIn(operation)].find((each) => !ids.has(each));
      if (missing !== undefined) throw unresolved(missing, operations);
      const resolved = withIds(operation, ids);
      const { status, resource, location } = await run(route, resolved, context);
      if (operation.bulkId !== undefined && resource) ids.set(operation.bulkId, String(resource.id));
      results.set(index, outcome(operation, status, location, resource));
    } catch (error) {
      failures++;
      const failure = error instanceof ScimError ? error : noted(error, context);
      const location = operation.id === undefined ? undefined : locationOf(operation, context);
      results.set(index, { ...outcome(operation, failure.status, location), response: errorBody(failure) });
    }
  }

  let waiting = operations.map((_, index) => index);
  while (waiting.length > 0 && mayBegin()) {
    const isReady = (index: number) => [...waitsFor[index]!].every((other) => results.has(other));
    const ready = waiting.filter(isReady);
    if (ready.length === 0) {
      for (const index of waiting) results.set(index, refusedCircle(operations[index]!, context));
      break;
    }
    const turn = failOnErrors === undefined ? ready : ready.slice(0, 1);
    for (let from = 0; from < turn.length; from += CONCURRENCY) {
      await othersFirst();
      await Promise.all(turn.slice(from, from + CONCURRENCY).map(perform));
    }
    waiting = waiting.filter((index) => !results.has(index));
  }
  return bulkResponse([...results].sort(([a], [b]) => a - b).map(([, result]) => result));
}

let last: Promise<void> = Promise.resolve();
/** Lets other requests start: of several bulk requests, one continues in each turn of the event loop. */
function othersFirst(): Promise<void> {
  last = last.then(() => next());
  return last;
}

/** The operations that each operation waits for. */
function dependencies(operations: readonly BulkOperation[]): Set<number>[] {
  const made = new Map(operations.flatMap(({ bulkId }, index) => (bulkId === undefined ? [] : [[bulkId, index]])));
  const lastOf = new Map<string, number>();
  return operations.map((operation, index) => {
    const before = [...bulkIdsIn(operation)].map((bulkId) => made.get(bulkId)).filter((each) => each !== undefined);
    const target = operation.id && `${operation.endpoint.toLowerCase()}/${operation.id}`;
    const previous = target ? lastOf.get(target) : undefined;
    if (target) lastOf.set(target, index);
    return new Set([...before, ...(previous === undefined ? [] : [previous])]);
  });
}

async function run(
  route: Route,
  { method, endpoint, id = "", version, data }: BulkOperation,
  whole: Context,
): Promise<{ status: number; location: string; resource?: Resource | undefined }> {
  const context = { ...whole, signal: AbortSignal.timeout(whole.operationMs ?? OPERATION_MS) };
  const type = [...route.endpoints.values()]
    .map(({ mapping }) => mapping.type)
    .find((each) => each.endpoint.toLowerCase() === endpoint.toLowerCase());
  if (!type) throw notFound(`There is no endpoint "${endpoint}".`);
  const location = `${context.baseUrl}${type.endpoint}/${encodeURIComponent(id)}`;
  const target = { type: type.name, id, ifMatch: version, context };
  switch (method) {
    case "POST": {
      const resource = await route.run({ name: "create", type: type.name, body: data, query: {}, context });
      return {
        status: 201,
        resource,
        location: `${context.baseUrl}${type.endpoint}/${encodeURIComponent(String(resource.id))}`,
      };
    }
    case "PUT":
      return {
        status: 200,
        location,
        resource: await route.run({ name: "replace", ...target, body: data, query: {} }),
      };
    case "PATCH": {
      const resource = await route.run({ name: "patch", ...target, body: data, query: {} });
      return { status: resource ? 200 : 204, location, resource };
    }
    case "DELETE":
      await route.run({ name: "delete", ...target });
      return { status: 204, location };
    case undefined:
      throw badRequest("invalidSyntax", "The operation has no method.");
  }
}

function outcome(
  { method, bulkId }: BulkOperation,
  status: number,
  location: string | undefined,
  resource?: Resource,
): BulkResult {
  const version = isObject(resource?.meta) ? resource.meta.version : undefined;
  return {
    ...(method && { method }),
    ...(bulkId !== undefined && { bulkId }),
    ...(location !== undefined && { location }),
    ...(typeof version === "string" && { version }),
    status: String(status),
  };
}

const locationOf = ({ endpoint, id = "" }: BulkOperation, { baseUrl }: Context) =>
  `${baseUrl}${endpoint}/${encodeURIComponent(id)}`;

function refusedCircle(operation: BulkOperation, context: Context): BulkResult {
  const detail = `These operations refer to each other in a circle. Create the resources first, and add the references with a PATCH.`;
  const location = operation.id === undefined ? undefined : locationOf(operation, context);
  return { ...outcome(operation, 409, location), response: errorBody({ status: 409, message: detail }) };
}

/** A bug in one operation must not discard the results of the others. */
function noted(error: unknown, context: Context): ScimError {
  context.note({ unforeseen: error instanceof Error ? error.stack : String(error) });
  return unforeseen("Internal error; the log has the details.");
}

function unresolved(bulkId: string, operations: readonly BulkOperation[]): ScimError {
  const name = JSON.stringify(bulkId);
  return operations.some((each) => each.bulkId === bulkId)
    ? inConflict(`The operation with the bulkId ${name} failed, so its resource cannot be referred to.`)
    : badRequest("invalidValue", `No operation in this request has the bulkId ${name}.`);
}
