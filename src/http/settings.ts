import { z } from "zod";
import { compileExpression, ExpressionError } from "../expression/compile.ts";

/** A JSONata expression. A syntax error is reported at its line of the configuration. */
export const expression = z.string().superRefine((source, context) => {
  try {
    compileExpression(source);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { code, message, part, suggestion } = error;
    context.addIssue({
      code: "custom",
      message: code === "expression" ? `this is not valid JSONata: ${message}` : message,
      params: { code, part, suggestion },
    });
  }
});

const secret = z.string().min(1).meta({ secret: true }).describe("Preferably ${env:NAME} or ${file:PATH}.");
/** Texts by name of which any may be a secret. */
const texts = z.record(z.string(), z.string()).meta({ secret: true });
/** Reports whether secrets may be sent to a URL: https, or this machine. */
export const isConfidential = (url: string): boolean => {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname!));
};

const tokenUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isConfidential, "this URL receives secrets: it must be https")
  .describe("URL of the token endpoint, https.");

const authConfig = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none").describe("No authentication.") }),
  z.strictObject({
    type: z.literal("basic").describe("HTTP Basic."),
    username: z.string().describe("Account."),
    password: secret,
  }),
  z.strictObject({ type: z.literal("bearer").describe("Static token."), token: secret }),
  z.strictObject({
    type: z.literal("apiKey").describe("API key in headers, query or body."),
    headers: texts.default({}).describe("Headers by name, such as { X-Api-Key: ${env:KEY} }."),
    query: texts.default({}).describe("Query parameters by name."),
    body: texts.default({}).describe("Properties of each body by name, as in JSON-RPC."),
  }),
  z.strictObject({
    type: z.literal("clientCredentials").describe("OAuth 2.0 client credentials, RFC 6749 §4.4."),
    tokenUrl,
    clientId: z.string().describe("Client ID."),
    clientSecret: secret,
    scope: z.string().optional().describe("Requested scope."),
    parameters: texts.default({}).describe("Further form parameters, such as { audience: ... }."),
    credentials: z.enum(["header", "body"]).default("body").describe("Where the client ID and secret are sent."),
  }),
  z.strictObject({
    type: z
      .literal("jwt")
      .describe(
        "A JWT signed by the gateway: the bearer token itself or, with tokenUrl, exchanged for one, RFC 7523 §2.1.",
      ),
    key: secret.describe("Private key, PEM (PKCS #8), preferably as ${file:PATH}."),
    algorithm: z.enum(["RS256", "PS256", "ES256", "EdDSA"]).default("RS256").describe("Signature algorithm."),
    keyId: z.string().optional().describe("Key ID, kid."),
    issuer: z.string().describe("Issuer, iss."),
    subject: z.string().optional().describe("Subject, sub."),
    audience: z.string().describe("Audience, aud."),
    claims: z.record(z.string(), z.unknown()).default({}).describe("Further claims."),
    lifetime: z.int().min(30).max(86_400).default(300).describe("Lifetime in seconds."),
    tokenUrl: tokenUrl.optional(),
    scope: z.string().optional().describe("Scope requested at tokenUrl."),
  }),
  z
    .strictObject({
      type: z
        .literal("login")
        .describe(
          "A login call that returns a session, which is sent with each later request. Renewed on a 401, and when `over` says so.",
        ),
      path: z.string().describe("Path of the call, relative to url."),
      method: z.enum(["POST", "PUT", "GET"]).default("POST").describe("HTTP method."),
      headers: texts.default({}).describe("Request headers."),
      body: z
        .record(z.string(), z.unknown())
        .meta({ secret: true })
        .optional()
        .describe("Request body, JSON, such as { user: ..., password: ${env:PASSWORD} }."),
      session: expression.describe("Session, JSONata over the response, with $headers and, by name, $cookies."),
      header: z.string().optional().describe("Header that carries the session."),
      property: z.string().optional().describe("Body property that carries the session, instead of a header."),
      over: expression
        .optional()
        .describe(
          "Whether a response says that the session has expired: JSONata over its body, $status and $headers. For APIs that do not answer 401.",
        ),
      prefix: z.string().default("").describe("Text before the session, such as 'Bearer ' or 'JSESSIONID='."),
      lifetime: z
        .int()
        .min(10)
        .max(86_400)
        .default(3600)
        .describe("Seconds after which the session is renewed in any case."),
    })
    .refine(
      ({ header, property }) => (header === undefined) !== (property === undefined),
      "set where the session goes: a `header`, or a `property` of each body",
    ),
]);
/** Whether an address holds nothing but where something is: what is wrong with it may be logged. */
function isBare(url: string): boolean {
  const { username, password, search } = URL.parse(url) ?? {};
  return !username && !password && !search;
}

/** Authentication settings for an API. */
export type AuthSettings = z.output<typeof authConfig>;

/** Settings that all connectors to HTTP APIs share. */
export const httpSettings = {
  url: z
    .url({ protocol: /^https?$/ })
    .refine(isBare, "the address has neither credentials nor a query: give credentials by `auth`")
    .describe(
      "Base URL of the API. Requests go to no other host. Use plain http only for this machine and trusted networks.",
    )
    .transform((url) => url.replace(/\/$/, "")),
  auth: authConfig.prefault({ type: "none" }).describe("How the gateway authenticates."),
  headers: texts.default({}).describe("Headers of every request."),
  tls: z
    .strictObject({
      ca: z.string().optional().describe("CA of the API's certificate, PEM file. Default: the system's CAs."),
      cert: z.string().optional().describe("Client certificate of the gateway for mutual TLS, PEM file."),
      key: z.string().optional().describe("Private key of the certificate, PEM file."),
    })
    .prefault({})
    .describe("TLS. Relative paths start at the configuration's folder."),
  proxy: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("HTTP proxy for the requests."),
  timeout: z.number().min(0.1).max(60).default(4).describe("Time limit of a request, in seconds."),
  connections: z.int().min(1).max(1000).default(32).describe("Maximum number of connections, which are kept open."),
  maxBytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .default(16_777_216)
    .describe("Maximum size of a response in bytes, uncompressed."),
};
const httpConfig = z.strictObject(httpSettings);
/** Settings that all connectors to HTTP APIs share, with defaults. */
export type HttpSettings = z.output<typeof httpConfig>;
