import { badRequest, ScimError } from "./error.ts";
import { isObject } from "./schema.ts";

/** An operation of a bulk request, RFC 7644 §3.7. */
export interface BulkOperation {
  /** Undefined if the operation has none. */
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  readonly bulkId: string | undefined;
  /** The required version of the resource, as an ETag. */
  readonly version: string | undefined;
  /** The endpoint with its slash, and the ID, which may be `bulkId:...`. */
  readonly endpoint: string;
  readonly id: string | undefined;
  readonly data: unknown;
  /** Why the operation cannot be executed. Others are not affected. */
  readonly mistake?: ScimError | undefined;
}

/** A bulk request, RFC 7644 §3.7. */
export interface Bulk {
  /** After this many failures no further operation is started; undefined for no limit. */
  readonly failOnErrors: number | undefined;
  readonly operations: readonly BulkOperation[];
}

const BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const methods = ["POST", "PUT", "PATCH", "DELETE"];

/** Parses a bulk request. Throws 400 `invalidSyntax` or `invalidValue`, and 413 for more than `max` operations. */
export function readBulk(body: unknown, max: number): Bulk {
  const schemas = isObject(body) ? body.schemas : undefined;
  if (!isObject(body) || !Array.isArray(schemas) || !schemas.includes(BULK_REQUEST))
    throw badRequest("invalidSyntax", `The body must be a BulkRequest: "schemas": ["${BULK_REQUEST}"].`);
  const { Operations: list, failOnErrors } = body;
  if (!Array.isArray(list)) throw badRequest("invalidSyntax", 'A BulkRequest requires "Operations", a list.');
  if (list.length > max) {
    const detail = `The bulk request has ${list.length} operations; the maximum is ${max} (limits.bulkOperations).`;
    throw new ScimError(413, undefined, detail);
  }
  if (failOnErrors !== undefined && !(Number.isInteger(failOnErrors) && Number(failOnErrors) >= 1))
    throw badRequest("invalidValue", '"failOnErrors" must be a whole number of at least 1.');
  const operations = list.map(operationOf);
  const ids = operations.flatMap(({ bulkId }) => bulkId ?? []);
  const seen = new Set<string>();
  const twice = ids.find((id) => seen.size === seen.add(id).size);
  if (twice !== undefined) throw badRequest("invalidValue", `The bulkId ${JSON.stringify(twice)} is used twice.`);
  return { failOnErrors: failOnErrors as number | undefined, operations };
}

/** Parses an operation. Mistakes do not affect other operations, RFC 7644 §3.7.3. */
function operationOf(operation: unknown, index: number): BulkOperation {
  try {
    return readOperation(operation, index);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    const { method, bulkId } = isObject(operation) ? operation : {};
    return {
      method: methods.find((each) => each === String(method).toUpperCase()) as BulkOperation["method"] | undefined,
      bulkId: typeof bulkId === "string" ? bulkId : undefined,
      version: undefined,
      endpoint: "",
      id: undefined,
      data: undefined,
      mistake: error,
    };
  }
}

function readOperation(operation: unknown, index: number): BulkOperation {
  const fail = (reason: string) => badRequest("invalidSyntax", `Operation ${index + 1}: ${reason}`);
  if (!isObject(operation)) throw fail("it must be a JSON object.");
  const { method: name, bulkId, version, path, data } = operation;
  const method = methods.find((each) => each === String(name).toUpperCase()) as BulkOperation["method"] | undefined;
  if (!method) throw fail(`"method" must be one of ${methods.join(", ")}.`);
  if (bulkId !== undefined && typeof bulkId !== "string") throw fail('"bulkId" must be a string.');
  if (method === "POST" && !bulkId) throw fail('a POST requires a "bulkId".');
  if (version !== undefined && typeof version !== "string") throw fail('"version" must be a string, an ETag.');
  const [, endpoint, id] = (typeof path === "string" && /^(\/[^/]+)(?:\/([^/]+))?$/.exec(path)) || [];
  if (!endpoint) throw fail('"path" must be an endpoint, optionally with an ID: /Users or /Users/123.');
  if ((method === "POST") !== (id === undefined))
    throw fail(
      method === "POST"
        ? `a POST must go to an endpoint without an ID: "${endpoint}".`
        : `a ${method} requires an ID in "path".`,
    );
  if (method !== "DELETE" && !isObject(data)) throw fail('"data" must be a JSON object.');
  return { method, bulkId: bulkId as string | undefined, version: version as string | undefined, endpoint, id, data };
}

const REFERENCE = /^bulkId:(.+)$/;

/** The bulkIds that an operation refers to, in its path and anywhere in its data. */
export function bulkIdsIn({ id, data }: BulkOperation): Set<string> {
  const found = new Set<string>();
  mapTexts([id, data], (text) => {
    const reference = REFERENCE.exec(text)?.[1];
    if (reference !== undefined) found.add(reference);
    return text;
  });
  return found;
}

/** The operation with `bulkId:...` replaced by the given IDs. */
export function withIds(operation: BulkOperation, ids: ReadonlyMap<string, string>): BulkOperation {
  const replaced = (text: string) => ids.get(REFERENCE.exec(text)?.[1] ?? "") ?? text;
  const [id, data] = mapTexts([operation.id, operation.data], replaced) as [string | undefined, unknown];
  return { ...operation, id, data };
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, change)]));
}

/** The result of one operation in the response. */
export interface BulkResult {
  readonly method?: string;
  readonly bulkId?: string;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  /** The error of a failed operation. */
  readonly response?: unknown;
}

/** A BulkResponse, RFC 7644 §3.7.3. */
export const bulkResponse = (results: readonly BulkResult[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
  Operations: results,
});
