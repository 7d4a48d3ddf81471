import { z } from "zod";
import { basic, basicConfig } from "./basic.ts";
import { bearer, bearerConfig } from "./bearer.ts";
import type { Authenticate, Caller } from "./caller.ts";
import { certificate, certificateConfig } from "./certificate.ts";
import { clientCredentials, clientCredentialsConfig, type TokenEndpoint } from "./clientCredentials.ts";
import { entra, entraConfig, oidc, oidcConfig } from "./jwt.ts";

/** Settings of any authentication method, by `type`. */
export const methodConfig = z.discriminatedUnion("type", [
  bearerConfig,
  entraConfig,
  oidcConfig,
  clientCredentialsConfig,
  basicConfig,
  certificateConfig,
]);

/** The callers that methods know, as they are configured. */
export const callersOf = (configs: readonly z.output<typeof methodConfig>[]): readonly Caller[] =>
  configs.flatMap((config): readonly Caller[] => {
    if ("tokens" in config) return config.tokens;
    if ("users" in config) return config.users;
    return "clients" in config ? config.clients : [config];
  });

/** All authentication methods in order, with the token endpoints of some. */
export interface Chain {
  readonly authenticate: Authenticate;
  readonly endpoints: readonly TokenEndpoint[];
}

/** Builds a chain from the configured methods. The first that recognises the caller decides. */
export function chainOf(configs: readonly z.output<typeof methodConfig>[]): Chain {
  const methods = configs.map(methodOf);
  return {
    endpoints: methods.flatMap((method) => ("issue" in method ? [method] : [])),
    // A method that cannot decide must not prevent others from recognising the caller.
    authenticate: async (presented) => {
      let unavailable: unknown;
      for (const { authenticate } of methods) {
        try {
          const caller = await authenticate(presented);
          if (caller) return caller;
        } catch (error) {
          unavailable ??= error;
        }
      }
      if (unavailable !== undefined) throw unavailable;
      return undefined;
    },
  };
}

function methodOf(config: z.output<typeof methodConfig>): TokenEndpoint | { readonly authenticate: Authenticate } {
  switch (config.type) {
    case "bearer":
      return { authenticate: bearer(config) };
    case "basic":
      return { authenticate: basic(config) };
    case "certificate":
      return { authenticate: certificate(config) };
    case "entra":
      return { authenticate: entra(config) };
    case "oidc":
      return { authenticate: oidc(config) };
    case "clientCredentials":
      return clientCredentials(config);
  }
}
