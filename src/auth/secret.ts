import { hash as digest, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** A secret, or its hash, so that the configuration need not contain it. */
export const secretConfig = z
  .string()
  .meta({ secret: true })
  .min(16, "a secret needs at least 16 characters")
  .describe(
    "The secret, preferably as ${env:NAME} or ${file:PATH}; or its hash, sha256:.... `postern token` generates both.",
  );

const HASHED = /^sha256:([A-Za-z0-9_-]{43})$/;
/** The SHA-256 digest of a text, 32 bytes. */
export const sha256 = (text: string): Buffer => digest("sha256", text, "buffer");

/** The hash of a configured secret in either form. */
export function hashOf(configured: string): Buffer {
  const [, hashed] = HASHED.exec(configured) ?? [];
  return hashed === undefined ? sha256(configured) : Buffer.from(hashed, "base64url");
}

/** Compares hashes in constant time, so that timing reveals nothing about the secret. */
export const isSecret = (configured: Buffer, hash: Buffer): boolean => timingSafeEqual(configured, hash);

/** Generates a secret of 256 bits and the hash for the configuration. */
export function makeSecret(): { secret: string; hash: string } {
  const secret = randomBytes(32).toString("base64url");
  return { secret, hash: `sha256:${sha256(secret).toString("base64url")}` };
}
