import type { JournalEntry } from "../../journal/entry.ts";
import type { LiveEntry } from "../api/live.ts";

/** Where a request of a journal entry was sent. */
export interface Sent {
  /** The gateway's address, without a path. */
  readonly url: string;
  /** The endpoint of the resource type, such as `/Users`. */
  readonly endpoint: string;
}

const METHODS: Readonly<Record<string, string>> = {
  get: "GET",
  list: "GET",
  create: "POST",
  replace: "PUT",
  patch: "PATCH",
  delete: "DELETE",
};

/** The same request for the command line: what the journal hides is hidden here, too. Undefined for a request that came to no operation. */
export function commandsOf(entry: JournalEntry, { url, endpoint }: Sent): LiveEntry["commands"] {
  const { action, route, resource, request } = entry;
  const method = METHODS[action];
  if (method === undefined) return undefined;
  const filter = action === "list" ? filterIn(request) : undefined;
  const id = action === "list" || action === "create" ? "" : `/${encodeURIComponent(resource)}`;
  const path = `${route}${endpoint}${id}`;
  const body = action === "list" || request === undefined || request === null ? undefined : json(request);
  const lines = [
    ...[`curl -X ${method} ${quoted(`${url}${path}${filter === undefined ? "" : `?filter=${strictly(filter)}`}`)}`],
    `-H "Authorization: Bearer $TOKEN"`,
    ...(body === undefined ? [] : [`-H 'Content-Type: application/scim+json'`, `-d ${quoted(body)}`]),
  ];
  const asked = quoted(
    `${path}${filter === undefined ? "" : `?filter=${filter.replace(/[%&#+\p{Cc}\p{Cf}\u2028\u2029]/gu, strictly)}`}`,
  );
  return {
    curl: lines.join(" \\\n  "),
    explain: `postern explain ${method} ${asked}${body === undefined ? "" : ` ${quoted(body)}`}`,
  };
}

/** JSON in which characters that a terminal obeys, or that reorder what people read, are escaped. */
const json = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replace(/[\x7f-\x9f\p{Cf}\u2028\u2029]/gu, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );

function filterIn(request: unknown): string | undefined {
  const filter = (request as { readonly filter?: unknown } | null | undefined)?.filter;
  return typeof filter === "string" ? filter : undefined;
}

/** Encoded for a query, and for curl, which would read brackets and braces as patterns. */
const strictly = (text: string): string => encodeURIComponent(text).replaceAll("'", "%27");

/** A text as one word of a POSIX shell, whatever it holds. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
