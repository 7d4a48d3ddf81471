import { z } from "zod";
import { compileExpression, ExpressionError } from "../expression/compile.ts";

/** A JSONata expression: one that does not compile is a mistake in the configuration, at its line. */
export const expression = z.string().superRefine((source, context) => {
  try {
    compileExpression(source);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { code, message, part, suggestion } = error;
    context.addIssue({
      code: "custom",
      message: code === "expression" ? `this is no JSONata: ${message}` : message,
      params: { code, part, suggestion },
    });
  }
});

const secret = z.string().min(1).describe("Best ${env:NAME} or ${file:PATH}.");
/** Whether secrets may be sent to an address: https, or this machine. */
export const isConfidential = (url: string): boolean => {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname!));
};

const tokenUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isConfidential, "secrets are sent there: it must be https")
  .describe("Where tokens are had, by https.");

const authConfig = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none").describe("The API knows no callers.") }),
  z.strictObject({
    type: z.literal("basic").describe("HTTP Basic."),
    username: z.string().describe("The account."),
    password: secret,
  }),
  z.strictObject({ type: z.literal("bearer").describe("A token that does not run out."), token: secret }),
  z.strictObject({
    type: z.literal("apiKey").describe("A key in headers, in the query or in the body."),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .describe("Headers, by name, such as { X-Api-Key: ${env:KEY} }."),
    query: z.record(z.string(), z.string()).default({}).describe("Parameters of the query, by name."),
    body: z
      .record(z.string(), z.string())
      .default({})
      .describe("Properties of each body, by name, as JSON-RPC has it."),
  }),
  z.strictObject({
    type: z.literal("clientCredentials").describe("OAuth 2.0 client credentials, RFC 6749 §4.4."),
    tokenUrl,
    clientId: z.string().describe("The client's id."),
    clientSecret: secret,
    scope: z.string().optional().describe("The scope that is asked for."),
    parameters: z
      .record(z.string(), z.string())
      .default({})
      .describe("What the form says besides, such as { audience: ... }."),
    credentials: z.enum(["header", "body"]).default("body").describe("Where the client's id and secret go."),
  }),
  z.strictObject({
    type: z
      .literal("jwt")
      .describe(
        "A JWT that is signed here: the bearer token itself or, with tokenUrl, exchanged for one, RFC 7523 §2.1.",
      ),
    key: secret.describe("The private key, PEM (PKCS #8), best ${file:PATH}."),
    algorithm: z.enum(["RS256", "PS256", "ES256", "EdDSA"]).default("RS256").describe("How it is signed."),
    keyId: z.string().optional().describe("The key's id, kid."),
    issuer: z.string().describe("Who signs, iss."),
    subject: z.string().optional().describe("For whom, sub."),
    audience: z.string().describe("Whom it is for, aud."),
    claims: z.record(z.string(), z.unknown()).default({}).describe("Claims besides."),
    lifetime: z.int().min(30).max(86_400).default(300).describe("Seconds for which it holds."),
    tokenUrl: tokenUrl.optional(),
    scope: z.string().optional().describe("The scope that is asked for at tokenUrl."),
  }),
  z
    .strictObject({
      type: z
        .literal("login")
        .describe(
          "A call that yields a session, which is sent with each request after it, and made anew on a 401 and where `over` says so.",
        ),
      path: z.string().describe("The path of the call, below url."),
      method: z.enum(["POST", "PUT", "GET"]).default("POST").describe("Its method."),
      headers: z.record(z.string(), z.string()).default({}).describe("Its headers."),
      body: z
        .record(z.string(), z.unknown())
        .optional()
        .describe("Its body, JSON, such as { user: ..., password: ${env:PASSWORD} }."),
      session: expression.describe(
        "The session, JSONata over the answer; $headers are its headers, $cookies its cookies by name.",
      ),
      header: z.string().optional().describe("The header that it goes in."),
      property: z.string().optional().describe("The property of each body that it goes in, in place of a header."),
      over: expression
        .optional()
        .describe(
          "Whether an answer says that the session is over, JSONata over its body, and $status, $headers: for an API that does not say 401.",
        ),
      prefix: z.string().default("").describe("What stands before it there, such as 'Bearer ' or 'JSESSIONID='."),
      lifetime: z.int().min(10).max(86_400).default(3600).describe("Seconds after which it is made anew in any case."),
    })
    .refine(
      ({ header, property }) => (header === undefined) !== (property === undefined),
      "say where the session goes: in a `header`, or in a `property` of each body",
    ),
]);
/** Whether an address holds nothing but where something is: what is wrong with it may be logged. */
function isBare(url: string): boolean {
  const { username, password, search } = URL.parse(url) ?? {};
  return !username && !password && !search;
}

/** How the gateway proves to an API who it is. */
export type AuthSettings = z.output<typeof authConfig>;

/** The settings that every connector to an HTTP API has. */
export const httpSettings = {
  url: z
    .url({ protocol: /^https?$/ })
    .refine(isBare, "the address has neither credentials nor a query: give credentials by `auth`")
    .describe(
      "The API's base address; no request goes to another host. Plain http is for this machine and for networks that are trusted.",
    )
    .transform((url) => url.replace(/\/$/, "")),
  auth: authConfig.prefault({ type: "none" }).describe("How the gateway proves who it is."),
  headers: z.record(z.string(), z.string()).default({}).describe("Headers that every request has."),
  tls: z
    .strictObject({
      ca: z
        .string()
        .optional()
        .describe("The authority that the API's certificate is checked by, PEM file; the system's without it."),
      cert: z.string().optional().describe("The gateway's own certificate for mutual TLS, PEM file."),
      key: z.string().optional().describe("Its key, PEM file."),
    })
    .prefault({})
    .describe("TLS; relative paths start at the configuration's folder."),
  proxy: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("An HTTP proxy that the requests go through."),
  timeout: z.number().min(0.1).max(60).default(4).describe("Seconds that one request may take."),
  connections: z.int().min(1).max(1000).default(32).describe("The most connections; they are kept open."),
  maxBytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .default(16_777_216)
    .describe("The largest answer, in bytes, unpacked."),
};
const httpConfig = z.strictObject(httpSettings);
/** The settings that every connector to an HTTP API has, with the defaults. */
export type HttpSettings = z.output<typeof httpConfig>;
