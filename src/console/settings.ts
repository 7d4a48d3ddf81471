import { z } from "zod";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Reports whether nobody can listen in on a URL: https, or this machine. */
export const isSafe = (url: string): boolean => {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname ?? ""));
};

/** Reports whether a URL is an origin and nothing else. */
const isOrigin = (url: string): boolean => {
  const { pathname, search, hash, username, password } = URL.parse(url) ?? {};
  return pathname === "/" && !search && !hash && !username && !password;
};

const values = (of: string) => z.array(z.string().min(1)).default([]).describe(of);

const oidc = z
  .strictObject({
    issuer: z
      .url()
      .refine(isSafe, "an issuer is reached over https")
      .describe("Issuer, such as https://login.microsoftonline.com/TENANT-ID/v2.0."),
    clientId: z.string().min(1).describe("Client ID of the console's registration."),
    clientSecret: z
      .string()
      .min(1)
      .meta({ secret: true })
      .describe("Client secret, preferably as ${env:NAME} or ${file:PATH}."),
    clientAuthentication: z
      .enum(["basic", "post"])
      .optional()
      .describe("How the client secret is sent. Default: basic, or post if the provider doesn't support basic."),
    scopes: z
      .array(z.string().regex(/^\S+$/, "a scope has no spaces: write a list"))
      .default(["openid", "profile"])
      .describe("Requested scopes. openid is always included."),
    name: z
      .string()
      .min(1)
      .default("preferred_username")
      .describe("Claim with the person's name, for the page and the audit log. Without it: sub."),
    roles: z
      .strictObject({
        claim: z.string().min(1).default("roles").describe("Claim with the person's roles or groups."),
        viewer: values("Values of the claim that make a viewer, who sees everything and changes nothing."),
        operator: values("Values of the claim that make an operator, who may also release, run and save."),
      })
      .refine(
        ({ viewer, operator }) => viewer.length + operator.length > 0,
        "nobody could sign in: set values for viewer or operator",
      )
      .describe("Who may do what. People with neither role are refused."),
  })
  .describe(
    "Sign-in with OpenID Connect: Microsoft Entra ID, or any provider. Default: only links of `postern console`.",
  );

/** Settings of the console. */
export const consoleConfig = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .refine(isSafe, "people sign in there: the address must begin with https, except on this machine")
      .refine(isOrigin, "give scheme, host and port only, such as https://postern.example.com:9464")
      .transform((url) => new URL(url).origin)
      .optional()
      .describe(
        "Address of `operations` as browsers see it, without a path: https://postern.example.com:9464. With http, such as `http://localhost:9464` for a container, only browsers on this machine may use it. Required unless operations.host is this machine.",
      ),
    signIn: z
      .strictObject({ oidc: oidc.optional() })
      .prefault({})
      .describe("How people sign in, besides links of `postern console`."),
    sessions: z
      .strictObject({
        hours: z.number().positive().max(720).default(8).describe("Hours after which people sign in again."),
        idleMinutes: z
          .number()
          .positive()
          .max(43_200)
          .default(60)
          .describe(
            "Minutes without use after which a session ends. Requests that an open page makes by itself don't count.",
          ),
      })
      .prefault({})
      .describe(
        "Sessions. They survive restarts, and all gateways with the same `state` and `console.url` share them.",
      ),
    cycleMinutes: z
      .number()
      .positive()
      .max(1440)
      .default(40)
      .describe(
        "Minutes between two cycles of the provisioning client. From it, a person's page says when the client will send something again. Entra's 40 can't be changed: set this for a simulator.",
      ),
    entraCallers: z
      .array(z.string().min(1))
      .optional()
      .describe(
        "Names of the callers in `auth` that are Entra, or a simulator of it: the page of a person says what they do next. Default: callers of type entra, and those whose name contains entra, azure, aad or microsoft.",
      ),
    playground: z
      .strictObject({
        save: z
          .boolean()
          .default(false)
          .describe(
            "Lets operators save mapping files from the playground. The process needs the right to write them.",
          ),
      })
      .prefault({})
      .describe("The playground for mappings."),
  })
  .describe("The console: pages for operators, below /console/ at the address of `operations`. Default: off.");

/** The console's settings, with defaults filled in. */
export type ConsoleSettings = z.output<typeof consoleConfig>;

/** Settings of sign-in with OpenID Connect. */
export type OidcSettings = NonNullable<ConsoleSettings["signIn"]["oidc"]>;

/** The part of the operators' address that the console's own address follows from. */
export interface OperationsAddress {
  readonly host: string;
  readonly port: number;
  readonly tls?: object | undefined;
}

/** Reports whether a host is this machine alone. */
export const isLoopback = (host: string): boolean => /^(127(\.\d+){1,3}$|localhost$|::1$)/.test(host);

/** The console's address: as configured, or that of the operators. */
export function consoleUrl({ url }: Pick<ConsoleSettings, "url">, { host, port, tls }: OperationsAddress): string {
  return url ?? `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Why the console can't be served at these addresses; undefined if it can. `at` is the setting to change. */
export function consoleProblem(
  { url }: Pick<ConsoleSettings, "url">,
  operations: OperationsAddress | undefined,
): { readonly at: readonly string[]; readonly message: string } | undefined {
  if (!operations)
    return { at: ["console"], message: "the console is served at the address of `operations`: add operations: {}" };
  const { host, tls } = operations;
  if (url === undefined && !isLoopback(host))
    return {
      at: ["console"],
      message: `the gateway can't know the console's address, because operations.host is ${host}: set console.url to the address that browsers use`,
    };
  if (url?.startsWith("http:") && tls)
    return { at: ["console", "url"], message: "operations.tls serves https: begin the address with https" };
  return undefined;
}
