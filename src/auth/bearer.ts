import { hash as digest, timingSafeEqual } from "node:crypto";
import { z } from "zod";

export const bearerConfig = z.strictObject({
  type: z.literal("bearer").describe("A shared secret in the Authorization header."),
  tokens: z
    .array(
      z.strictObject({
        name: z.string().describe("Who holds the token, for the log."),
        token: z
          .string()
          .min(16, "a token has at least 16 characters")
          .describe("The secret; best ${env:NAME} or ${file:PATH}."),
      }),
    )
    .min(1)
    .describe("All that are valid: two at once let a token be changed without a gap."),
});

/** Who a request comes from. */
export interface Caller {
  readonly name: string;
}

export type Authenticate = (authorization: string | undefined) => Caller | undefined;

/**
 * Bearer tokens, RFC 6750. Every token is compared, each in constant time over its hash, so that the time taken says
 * nothing of which one, or how much of it, was right.
 */
export function bearer(config: z.output<typeof bearerConfig>): Authenticate {
  const known = config.tokens.map(({ name, token }) => ({ name, hash: sha256(token) }));
  return (authorization) => {
    const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const hash = sha256(token);
    let caller: Caller | undefined;
    for (const each of known) if (timingSafeEqual(each.hash, hash)) caller = { name: each.name };
    return caller;
  };
}

const sha256 = (text: string): Buffer => digest("sha256", text, "buffer");
