import { createHmac, timingSafeEqual } from "node:crypto";

/** A received signal: headers with lower-case names, and body. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** How long a signature is valid, in seconds. */
const TOLERANCE = 300;

/** HMAC-SHA256 of a text. A secret with the prefix `whsec_` is base64, as in Standard Webhooks. */
export const signatureOf = (secret: string, text: string, encoding: "hex" | "base64"): string =>
  createHmac("sha256", secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret)
    .update(text)
    .digest(encoding);

/**
 * Verifies the signature of a request, by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`) or BambooHR
 * (`X-BambooHR-Timestamp`, `X-BambooHR-Signature`, over the body and timestamp). Signatures older than five minutes are invalid.
 */
export function isSigned({ headers, body }: SignedRequest, secret: string, now = Date.now()): boolean {
  const isRecent = (timestamp: string) => Math.abs(now / 1000 - Number(timestamp)) <= TOLERANCE;
  const { "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": signatures } = headers;
  if (id !== undefined && sent !== undefined && signatures !== undefined) {
    const wanted = signatureOf(secret, `${id}.${sent}.${body}`, "base64");
    return isRecent(sent) && signatures.split(" ").some((each) => isSame(each.replace(/^v1,/, ""), wanted));
  }
  const { "x-bamboohr-timestamp": timestamp, "x-bamboohr-signature": signature } = headers;
  if (timestamp === undefined || signature === undefined) return false;
  return isRecent(timestamp) && isSame(signature.toLowerCase(), signatureOf(secret, body + timestamp, "hex"));
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
