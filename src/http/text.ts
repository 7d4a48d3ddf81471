import type { Call } from "./call.ts";

/** A URL in readable form; it is encoded when sent. */
export function addressText(path: string, parameters: Iterable<readonly [string, string]>): string {
  const query = [...parameters].map(([name, value]) => `${name}=${value}`).join("&");
  return `${path}${query === "" ? "" : `?${query}`}`;
}

/** A call in readable form. */
export function callText({ method, path, query, headers, body }: Call): string {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const content = body === undefined ? [] : ["", JSON.stringify(body, undefined, 2)];
  return [`${method} ${addressText(decodeURIComponent(path), Object.entries(query ?? {}))}`, ...lines, ...content].join(
    "\n",
  );
}

/** Reports whether a text is a valid path segment: not empty, and not dots that mean this folder or its parent. */
export const isSegment = (text: string): boolean => text !== "" && text !== "." && text !== "..";
