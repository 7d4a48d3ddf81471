import type { CustomFetch } from "openid-client";

/** Time limit for a request to the identity provider, in seconds. */
export const PROVIDER_SECONDS = 5;
/** Maximum size of its answer, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** `fetch` for openid-client, with a bound on the answer's size. That redirects are not followed is openid-client's own option. */
export const boundedFetch: CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_BYTES) throw new Error(`the answer exceeds ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  const { status, headers } = response;
  const isEmpty = [204, 205, 304].includes(status);
  return new Response(isEmpty ? null : Buffer.concat(parts), { status, headers });
};
