import { hash as digest, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** A secret as it is, or as its hash, so that the configuration does not hold it. */
export const secretConfig = z
  .string()
  .min(16, "a secret has at least 16 characters")
  .describe("The secret, best ${env:NAME} or ${file:PATH}; or its hash, sha256:..., as `postern token` makes the two.");

const HASHED = /^sha256:([A-Za-z0-9_-]{43})$/;
/** The SHA-256 digest of a text, 32 bytes. */
export const sha256 = (text: string): Buffer => digest("sha256", text, "buffer");

/** The hash of a configured secret, whichever form it has. */
export function hashOf(configured: string): Buffer {
  const [, hashed] = HASHED.exec(configured) ?? [];
  return hashed === undefined ? sha256(configured) : Buffer.from(hashed, "base64url");
}

/** Compares in constant time, over hashes: what it takes says nothing of which secret, or how much of it, was right. */
export const isSecret = (configured: Buffer, hash: Buffer): boolean => timingSafeEqual(configured, hash);

/** A new secret of 256 bits, and the hash that the configuration may hold in its place. */
export function makeSecret(): { secret: string; hash: string } {
  const secret = randomBytes(32).toString("base64url");
  return { secret, hash: `sha256:${sha256(secret).toString("base64url")}` };
}
