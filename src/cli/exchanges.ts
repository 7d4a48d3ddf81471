import { dirname, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { openConnectors } from "../compose/generation.ts";
import { bareRoute } from "../compose/routes.ts";
import { ConfigError } from "../config/diagnostic.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { validate } from "../config/validate.ts";
import { readYaml } from "../config/yaml.ts";
import type { Connector } from "../connector/connector.ts";
import type { Transport } from "../connector/http.ts";
import type { Route } from "../gateway/route.ts";
import { addressText } from "../http/text.ts";
import { differenceText } from "../mapping/difference.ts";
import { carryOut, routeOf, type ScimRequest } from "../play/request.ts";
import { errorBody, ScimError } from "../scim/error.ts";
import { isObject } from "../scim/schema.ts";

const anything = z.unknown();
const request = z.strictObject({
  method: z.string().describe("The method."),
  url: z.string().describe("The address: of SCIM such as /Users?filter=..., of the API below its base address."),
  body: anything.optional().describe("The body, as JSON."),
});

/** A file of conversations: SCIM requests, what they asked of an API, and what it answered. */
export const exchangesFormat = z
  .strictObject({
    config: z
      .string()
      .describe("The configuration that they go through; a relative path starts at this file's folder."),
    cases: z
      .array(
        z.strictObject({
          name: z.string(),
          request: request.describe("The SCIM request."),
          exchanges: z
            .array(
              z.strictObject({
                request: request.describe("What the API is asked; *** stands for any value."),
                answer: z.strictObject({
                  status: z.int().describe("The status."),
                  headers: z.record(z.string(), z.string()).optional().describe("Headers that count."),
                  body: anything.optional().describe("The body, as JSON."),
                }),
              }),
            )
            .describe("What it asks of the API, in turn, and what that answers."),
          answer: z
            .strictObject({
              status: z.int().describe("The status."),
              body: anything.optional().describe("What the body holds, perhaps with more."),
            })
            .describe("What SCIM is answered."),
        }),
      )
      .min(1),
  })
  .meta({ title: "Postern exchanges" });
/** A file of recorded conversations. */
export type Exchanges = z.output<typeof exchangesFormat>;
/** A SCIM request, the conversation with the API that it led to, and its answer. */
export type Case = Exchanges["cases"][number];
/** One request to the API, and what it answered. */
export type Exchange = Case["exchanges"][number];

/** Stands for a value that is not told, and for any where it is compared. */
export const HIDDEN = "***";

/** Plays conversations again, without the API: each must ask of it what it asked, and answer what it answered. */
export async function runExchanges(
  registry: Registry,
  file: string,
): Promise<{ name: string; failure: string | undefined }[]> {
  const yaml = readYaml(file);
  const { value, diagnostics } = validate(yaml, exchangesFormat);
  if (!value) throw new ConfigError(diagnostics);
  // Secrets are not needed where nobody is asked; what the gateway's own settings are set to elsewhere does not matter.
  const get = (_: object, name: string | symbol) =>
    String(name).startsWith("POSTERN_") ? undefined : "a-value-that-is-no-secret";
  const env = new Proxy({}, { get, has: () => true });
  const loaded = withoutSecrets(loadConfig(resolve(dirname(file), value.config), registry, env));
  const outcomes = [];
  for (const each of value.cases) outcomes.push({ name: each.name, failure: await played(each, loaded) });
  return outcomes;
}

/** A configuration that proves nothing to the APIs, and needs no files for it. */
function withoutSecrets(loaded: Loaded): Loaded {
  const connectors = Object.entries(loaded.config.connectors).map(([name, each]) => [
    name,
    "auth" in each ? { ...each, auth: { type: "none" }, tls: {} } : each,
  ]);
  return { ...loaded, config: { ...loaded.config, connectors: Object.fromEntries(connectors) } };
}

async function played({ request, exchanges, answer }: Case, loaded: Loaded): Promise<string | undefined> {
  const left = [...exchanges];
  const wrong: string[] = [];
  const bases = basesOf(loaded);
  const transport: Transport = {
    send: async (asked) => {
      const next = left.shift();
      const actual = {
        method: asked.method,
        url: below(asked.url, bases),
        ...(asked.body !== undefined && { body: asked.body }),
      };
      if (!next || !isAsked(actual, next.request)) {
        wrong.push(
          next
            ? `asked otherwise:\n${differenceText(next.request, actual)}`
            : `asked, and nothing more was expected:\n${JSON.stringify(actual)}`,
        );
        return { status: 500, headers: {}, cookies: {}, body: undefined };
      }
      const { status, headers = {}, body } = next.answer;
      return {
        status,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
        cookies: {},
        body,
      };
    },
    close: async () => {},
  };
  // Nothing is written where nobody is asked: the conversation is what counts, and nothing stands before it.
  const actual = await through(loaded, request, () => transport, bareRoute);
  if (wrong.length > 0) return wrong[0];
  if (left.length > 0) return `did not ask ${JSON.stringify(left[0]!.request)}`;
  const isAnswered = answer.body === undefined || agrees(actual.body, answer.body, true);
  if (actual.status !== answer.status || !isAnswered) return `answered otherwise:\n${differenceText(answer, actual)}`;
  return undefined;
}

/** Makes a route of a configuration on connectors that are open. */
export type MakeRoute = (loaded: Loaded, base: string, connectors: ReadonlyMap<string, Connector>) => Route;

/** Carries out a SCIM request on connectors whose requests go by a transport of ours. */
export async function through(
  loaded: Loaded,
  request: ScimRequest,
  wrap: (transport: Transport) => Transport,
  routeFor: MakeRoute,
) {
  const opened = openConnectors(loaded, { warn: () => {} }, { transport: wrap });
  try {
    const base = routeOf(request, loaded.routes.keys());
    return await carryOut(request, routeFor(loaded, base, opened), "postern record");
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    return { status: error.status, body: errorBody(error) };
  } finally {
    await Promise.all([...opened.values()].map((connector) => connector.close()));
  }
}

/** The base addresses of the APIs that there are. */
export const basesOf = ({ config }: Loaded): string[] =>
  Object.values(config.connectors).flatMap((each) => ("url" in each ? [String(each.url)] : []));

/** An address below the API's own, decoded, so that one can read it. */
export function below(url: string, bases: readonly string[]): string {
  const base = bases.find((each) => url.startsWith(each)) ?? "";
  const { pathname, search } = new URL(url);
  const path = base === "" ? pathname : url.slice(base.length).split("?")[0]!;
  return addressText(path, new URLSearchParams(search));
}

const isAsked = (actual: ScimRequest, expected: ScimRequest): boolean =>
  actual.method === expected.method && actual.url === expected.url && agrees(actual.body, expected.body, false);

/** Whether a body is what is expected, but for what is hidden; with more in its objects, where that may be. */
function agrees(actual: unknown, expected: unknown, mayHoldMore: boolean): boolean {
  if (expected === HIDDEN) return mayHoldMore || actual !== undefined;
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((each, index) => agrees(actual[index], each, mayHoldMore))
    );
  if (!isObject(expected)) return isDeepStrictEqual(actual, expected);
  if (!isObject(actual)) return false;
  const names = Object.keys(expected);
  return (
    (mayHoldMore || Object.keys(actual).length === names.length) &&
    names.every((name) => agrees(actual[name], expected[name], mayHoldMore))
  );
}
