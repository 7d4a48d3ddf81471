import { isObject, type Resource } from "../scim/schema.ts";
import type { Answer, Exchange } from "./transport.ts";

const MAX_SHOWN = 4000;

/** Whether the run made a resource of an endpoint: `isOurs("/Users", resource)`. */
export type IsOurs = (endpoint: string, resource: Resource) => boolean;

/** An exchange as reports show it. Resources that the run did not make are reduced to their ids: they are somebody's data. */
export function shown(
  request: { readonly method: string; readonly path: string; readonly body?: unknown },
  answer: Omit<Answer, "request"> | { readonly failure: string; readonly tookMs: number },
  isOurs: IsOurs,
): Exchange {
  const { tookMs } = answer;
  if ("failure" in answer) return { ...request, failure: answer.failure, tookMs };
  const type = answer.headers["content-type"];
  const text = textOf(request.path, answer, isOurs);
  return {
    ...request,
    status: answer.status,
    ...(type !== undefined && { contentType: type }),
    ...(text !== "" && { answer: text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} ...` : text }),
    tookMs,
  };
}

/** The resources of a body that is a list: SCIM's, a bare array, or one whose `Resources` are spelt otherwise. */
export function listIn(json: unknown): readonly Resource[] | undefined {
  const list = isObject(json) ? Object.entries(json).find(([key]) => /^resources$/i.test(key))?.[1] : json;
  return Array.isArray(list) ? list.filter(isObject) : undefined;
}

const DISCOVERY = /^(https?:|\/(Schemas|ResourceTypes|ServiceProviderConfig)\b)/i;

function textOf(path: string, { status, json, text }: Pick<Answer, "status" | "json" | "text">, isOurs: IsOurs) {
  if (DISCOVERY.test(path)) return text;
  const isSuccess = status < 300;
  if (json === undefined)
    return isSuccess && text !== "" ? `(not shown: ${text.length} characters that are not JSON)` : text;
  const endpoint = /^\/?[^/?]*/.exec(path)![0];
  const isMine = (each: Resource) => isOurs(endpoint, each);
  const isAnswer = (isSuccess && endpoint.toLowerCase() !== "/bulk") || listIn(json) !== undefined;
  try {
    const reduced = JSON.stringify(isAnswer ? ofSuccess(json, isMine) : ofError(json, isMine));
    return reduced === JSON.stringify(json) ? text : reduced;
  } catch {
    // Nested deeper than the stack.
    return HIDDEN;
  }
}

/** What is shown in place of a value. */
const HIDDEN = "(not shown)";
/** The attributes of lists and errors: of whatever else has no id, only the names are shown. */
const MESSAGE = /^(schemas|nextCursor|previousCursor|detail|scimType|status|error|message)$/i;

type IsMine = (resource: Resource) => boolean;

/** A resource, or a list of resources, whatever the list is called. What is not known to be ours is somebody's. */
function ofSuccess(json: unknown, isMine: IsMine): unknown {
  if (!isObject(json) || json.id !== undefined || isMine(json)) return ofElement(json, isMine);
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      const isPlain = MESSAGE.test(key) && [value].flat().every((each) => typeof each === "string");
      return [key, isPlain ? value : ofElement(value, isMine)];
    }),
  );
}

function ofElement(value: unknown, isMine: IsMine): unknown {
  if (typeof value === "string") return HIDDEN;
  if (Array.isArray(value)) return value.map((each) => ofElement(each, isMine));
  return isObject(value) && !isMine(value) ? idOf(value) : value;
}

const idOf = ({ id }: Resource) => (typeof id === "string" || typeof id === "number" ? { id } : {});

const OF_RESOURCES = /^(userName|displayName|emails|phoneNumbers|members|externalId|meta)$/i;

/** An error, or the outcomes of a bulk request: whole but for the resources in it. */
function ofError(value: unknown, isMine: IsMine): unknown {
  if (Array.isArray(value)) return value.map((each) => ofError(each, isMine));
  if (!isObject(value) || isMine(value)) return value;
  if (Object.keys(value).some((key) => OF_RESOURCES.test(key))) return idOf(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, ofError(each, isMine)]));
}
