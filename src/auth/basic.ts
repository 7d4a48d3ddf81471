import { z } from "zod";
import { type Authenticate, type Caller, callerConfig } from "./caller.ts";
import { hashOf, isSecret, secretConfig, sha256 } from "./secret.ts";

/** Settings of `auth` with user names and passwords, RFC 7617. */
export const basicConfig = z.strictObject({
  type: z.literal("basic").describe("User names and passwords, HTTP Basic."),
  users: z.array(z.strictObject({ ...callerConfig, password: secretConfig })).min(1),
});

/** The name and password in an Authorization header, RFC 7617. */
export function basicCredentials(authorization: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  return name === undefined || password === undefined ? undefined : { name, password };
}

/** HTTP Basic, RFC 7617. All users are compared, name and password together. */
export function basic(config: z.output<typeof basicConfig>): Authenticate {
  const known = config.users.map(({ password, ...caller }) => ({ caller, hash: hashOf(password) }));
  return async ({ authorization }) => {
    const given = basicCredentials(authorization);
    if (!given) return undefined;
    const hash = sha256(given.password);
    let found: Caller | undefined;
    for (const each of known) {
      const isRight = isSecret(each.hash, hash);
      if (isRight && each.caller.name === given.name) found = each.caller;
    }
    return found;
  };
}
