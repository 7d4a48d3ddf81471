import type { Answer, Exchange } from "../report-data.ts";

/** A JSON object in a response. */
export type Json = Readonly<Record<string, unknown>>;

/** An exchange, with what several rules need. */
export interface Seen {
  readonly exchange: Exchange;
  readonly answer?: Answer;
  /** Undefined if there was no response. */
  readonly status?: number;
  readonly query: URLSearchParams;
  /** Whether it is a GET that should return a list. */
  readonly asksForList: boolean;
  /** The media type in lower case, without parameters; empty if there is none. */
  readonly mediaType: string;
  /** Whether only the start of the response was kept. */
  readonly isCut: boolean;
  readonly isHtml: boolean;
  /** The body, if it is a JSON object. */
  readonly body?: Json;
  /** The response to a list request, if it is 200 and a JSON object. */
  readonly list?: Json;
  /** The resources of a successful response: those of a list, or the single one. */
  readonly resources: readonly Json[];
  /** Whether whole resources were requested, rather than a selection of attributes. */
  readonly isWhole: boolean;
}

/** Responses of at least this many characters may have been truncated. */
const KEPT = 64 * 1024;
const LIST_PURPOSES: ReadonlySet<string> = new Set(["probe", "match", "check reference", "discover"]);

/** Prepares an exchange for the rules. */
export function see(exchange: Exchange): Seen {
  const { answer, path, purpose, method } = exchange;
  const query = queryOf(path);
  const asksForList = method === "GET" && (LIST_PURPOSES.has(purpose) || query.has("filter"));
  const body = isObject(answer?.json) ? answer.json : undefined;
  const isSuccess = answer !== undefined && answer.status >= 200 && answer.status < 300;
  const list = asksForList && answer?.status === 200 ? body : undefined;
  const mediaType = (answer?.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
  const text = answer?.text ?? "";
  return {
    exchange,
    ...(answer && { answer, status: answer.status }),
    query,
    asksForList,
    mediaType,
    isCut: text.length >= KEPT && answer?.json === undefined,
    isHtml: /^(text\/html|application\/xhtml\+xml)$/.test(mediaType) || /^\s*<(!doctype\s+html|html)[\s>]/i.test(text),
    ...(body && { body }),
    ...(list && { list }),
    resources: asksForList ? resourcesOf(list) : isSuccess && body && method !== "DELETE" ? [body] : [],
    isWhole: !query.has("attributes"),
  };
}

const resourcesOf = (list: Json | undefined): readonly Json[] =>
  Array.isArray(list?.Resources) ? list.Resources.filter(isObject) : [];

/** The parameters of a path; none if it cannot be parsed. */
function queryOf(path: string): URLSearchParams {
  const at = path.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : path.slice(at + 1));
}

/** Reports whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The attribute and value of a filter with one comparison, `userName eq "ada@example.com"`. */
export function comparisonOf(
  query: URLSearchParams,
): { readonly attribute: string; readonly value: string } | undefined {
  const [, attribute, quoted] = /^\s*(\S+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i.exec(query.get("filter") ?? "") ?? [];
  if (attribute === undefined || quoted === undefined) return undefined;
  try {
    return { attribute, value: JSON.parse(quoted) as string };
  } catch {
    return undefined;
  }
}

/** A resource's attribute by name; case does not matter. */
export function attributeOf(resource: Json, name: string): unknown {
  const key = Object.keys(resource).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : resource[key];
}
