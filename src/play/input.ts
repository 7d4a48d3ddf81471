import type { Entry } from "../connector/connector.ts";
import type { ScimRequest } from "./request.ts";
import type { JsonObject, PlayInput } from "./shown.ts";

/** Where a resource type is served, and what holds an entry's key. */
export interface InputPlace {
  /** The type's endpoint, `/Users`. */
  readonly endpoint: string;
  readonly key: string;
}

/** An input as the request that a client would send, and the entry that it meets. */
export function requestOf(
  input: PlayInput,
  { endpoint, key }: InputPlace,
): { readonly request: ScimRequest; readonly entry: Entry | undefined } {
  const entry = entryOf(input);
  const one = `${endpoint}/${encodeURIComponent(idOf(entry, key))}`;
  switch (input.kind) {
    case "entry":
      return { request: { method: "GET", url: one }, entry };
    case "resource":
      return { request: { method: "POST", url: endpoint, body: input.resource }, entry };
    case "filter": {
      const url = `${endpoint}?${new URLSearchParams({ filter: input.filter })}`;
      return { request: { method: "GET", url }, entry };
    }
    case "patch":
      return { request: { method: "PATCH", url: one, body: input.patch }, entry };
    case "put":
      return { request: { method: "PUT", url: one, body: input.resource }, entry };
  }
}

const entryOf = (input: PlayInput): Entry | undefined =>
  input.kind === "resource" ? undefined : (input.entry as Entry | undefined);

/** The entry's own key, or one that stands for it. */
function idOf(entry: JsonObject | undefined, key: string): string {
  const value = [entry?.[key]].flat()[0];
  return typeof value === "string" || typeof value === "number" ? String(value) : "1";
}
