import { badRequest } from "./error.ts";
import { isObject } from "./schema.ts";

const SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/** Query parameters as text, as in a URL. */
export type Parameters = Readonly<Record<string, string | undefined>>;

const texts = ["filter", "sortBy", "sortOrder", "cursor"];
const numbers = ["startIndex", "count"];
const lists = ["attributes", "excludedAttributes"];

/** Parses a SearchRequest, RFC 7644 §3.4.3, to the parameters of a GET. Throws 400 `invalidSyntax` or `invalidValue`. */
export function readSearchRequest(body: unknown): Parameters {
  if (!isObject(body)) throw badRequest("invalidSyntax", "The body must be a JSON object, a SearchRequest.");
  const schemas = body.schemas;
  if (schemas !== undefined && !(Array.isArray(schemas) && schemas.includes(SEARCH_REQUEST)))
    throw badRequest("invalidSyntax", `"schemas" of a search must be ["${SEARCH_REQUEST}"].`);
  const known = new Map([...texts, ...numbers, ...lists].map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(
    Object.entries(body).flatMap(([key, value]) => {
      const name = known.get(key.toLowerCase());
      return name === undefined || value === null ? [] : [[name, parameter(name, value)]];
    }),
  );
}

function parameter(name: string, value: unknown): string {
  if (lists.includes(name) && Array.isArray(value) && value.every((each) => typeof each === "string"))
    return value.join(",");
  if (typeof value === "string" || (numbers.includes(name) && typeof value === "number")) return String(value);
  const wanted = lists.includes(name) ? "a list of attribute paths" : numbers.includes(name) ? "a number" : "text";
  throw badRequest("invalidValue", `"${name}" must be ${wanted}.`);
}
