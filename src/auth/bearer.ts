import { z } from "zod";
import { type Authenticate, type Caller, callerConfig } from "./caller.ts";
import { hashOf, isSecret, secretConfig, sha256 } from "./secret.ts";

/** Settings of `auth` with static tokens, RFC 6750. */
export const bearerConfig = z.strictObject({
  type: z.literal("bearer").describe("Shared secrets in the Authorization header."),
  tokens: z
    .array(z.strictObject({ ...callerConfig, token: secretConfig }))
    .min(1)
    .describe("Valid tokens. With two, a token can be replaced without a gap."),
});

/** The token in an Authorization header, RFC 6750 §2.1. */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  /^Bearer +([^\s]+) *$/i.exec(authorization ?? "")?.[1];

/** Bearer tokens, RFC 6750. All tokens are compared. */
export function bearer(config: z.output<typeof bearerConfig>): Authenticate {
  const known = config.tokens.map(({ token, ...caller }) => ({ caller, hash: hashOf(token) }));
  return async ({ authorization }) => {
    const token = bearerToken(authorization);
    if (token === undefined) return undefined;
    const hash = sha256(token);
    let found: Caller | undefined;
    for (const each of known) if (isSecret(each.hash, hash)) found = each.caller;
    return found;
  };
}
