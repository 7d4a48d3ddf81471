import { accessSync, constants, existsSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { openAuditFor } from "../compose/compose.ts";
import { routeAt } from "../compose/routes.ts";
import { lazyStore } from "../compose/store.ts";
import { ConfigError } from "../config/diagnostic.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { validate } from "../config/validate.ts";
import { readYaml } from "../config/yaml.ts";
import type { Answer, HttpRequest, Transport } from "../connector/http.ts";
import type { ScimRequest } from "../play/request.ts";
import { isObject } from "../scim/schema.ts";
import type { AuditLog } from "../sink/trail.ts";
import { basesOf, below, type Case, type Exchange, exchangesFormat, HIDDEN, through } from "./exchanges.ts";

/** Properties whose values are never kept. */
const SECRET = /passw|secret|token|credential|api_?key|private/i;
/** Headers of answers that mean something to a connector. */
const HEADERS = ["link", "etag", "location", "retry-after"];

/**
 * `postern record`: carries out a SCIM request on the real API, and writes down the conversation as a case of a file that
 * `postern test` plays again. Credentials are never written, nor values of properties that are called like secrets or are among `hide`.
 */
export async function recordCommand(
  registry: Registry,
  config: string,
  request: ScimRequest,
  { out, name, hide }: { readonly out: string; readonly name?: string | undefined; readonly hide: readonly string[] },
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const loaded = loadConfig(config, registry, env);
  const bases = basesOf(loaded);
  const exchanges: Exchange[] = [];
  const hidden = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hidden);
    if (!isObject(value)) return value;
    const isSecret = (property: string) => SECRET.test(property) || hide.includes(property);
    return Object.fromEntries(
      Object.entries(value).map(([property, each]) => [
        property,
        isSecret(property) && each !== null ? HIDDEN : hidden(each),
      ]),
    );
  };
  const recording = (transport: Transport): Transport => ({
    ...transport,
    send: async (asked: HttpRequest, signal) => {
      const answer: Answer = await transport.send(asked, signal);
      if (asked.isProof) return answer;
      const headers = Object.fromEntries(
        HEADERS.flatMap((each) => (answer.headers[each] === undefined ? [] : [[each, answer.headers[each]]])),
      );
      exchanges.push({
        request: {
          method: asked.method,
          url: below(asked.url, bases),
          ...(asked.body !== undefined && { body: hidden(asked.body) }),
        },
        answer: {
          status: answer.status,
          ...(Object.keys(headers).length > 0 && { headers }),
          ...(answer.body !== undefined && { body: hidden(answer.body) }),
        },
      });
      return answer;
    },
  });
  // Nothing is sent that could not be kept.
  const before = present(out);
  accessSync(dirname(resolve(out)), constants.W_OK);
  const answer = await onRealSystem(loaded, request, recording);
  const title = name ?? `${request.method} ${request.url}`;
  const kept: Case = {
    name: title,
    request: { ...request, ...(request.body !== undefined && { body: hidden(request.body) }) },
    exchanges,
    answer: { status: answer.status, ...(answer.body !== undefined && { body: hidden(answer.body) }) },
  };
  const cases = [...before.filter((each) => each.name !== title), kept];
  writeFileSync(
    out,
    stringify({ config: relative(dirname(resolve(out)), resolve(config)), cases }, { lineWidth: 140 }),
  );
  console.log(`${out}: "${title}", ${exchanges.length} exchanges with the API, answered ${answer.status}`);
  console.log("Look through it before you keep it: it holds what people are called.");
  return 0;
}

/**
 * Carries out a request as the gateway would: what is read only, protected or guarded there is so here, and what is written is in
 * the same audit log. A gateway that runs has that log to itself: then nothing is written here.
 */
async function onRealSystem(loaded: Loaded, request: ScimRequest, wrap: (transport: Transport) => Transport) {
  const isWrite = request.method.toUpperCase() !== "GET";
  const log = { warn: (fields: unknown, message?: string) => console.error(message, JSON.stringify(fields)) };
  const state = lazyStore(loaded, log);
  let audit: AuditLog | undefined;
  try {
    audit = isWrite ? await openAuditFor(loaded, log, state.anchor) : undefined;
    return await through(loaded, request, wrap, (of, base, connectors) =>
      routeAt(of, base, connectors, { audit, ledger: state.ledger, log, stopped: () => {} }),
    );
  } finally {
    await audit?.close();
    await state.close();
  }
}

/** The cases that a file holds already. */
function present(file: string): readonly Case[] {
  if (!existsSync(file)) return [];
  const { value, diagnostics } = validate(readYaml(file), exchangesFormat);
  if (!value) throw new ConfigError(diagnostics);
  return value.cases;
}
