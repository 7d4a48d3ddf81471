import type { Call } from "./call.ts";

/** An address as one reads it: what is sent is encoded. */
export function addressText(path: string, parameters: Iterable<readonly [string, string]>): string {
  const query = [...parameters].map(([name, value]) => `${name}=${value}`).join("&");
  return `${path}${query === "" ? "" : `?${query}`}`;
}

/** A call as an administrator reads it. */
export function callText({ method, path, query, headers, body }: Call): string {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const content = body === undefined ? [] : ["", JSON.stringify(body, undefined, 2)];
  return [`${method} ${addressText(decodeURIComponent(path), Object.entries(query ?? {}))}`, ...lines, ...content].join(
    "\n",
  );
}

/** Whether a text names something where it stands in a path: not nothing, nor the dots that mean this folder or the one above. */
export const isSegment = (text: string): boolean => text !== "" && text !== "." && text !== "..";
