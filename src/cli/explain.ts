import { openConnectors } from "../compose/compose.ts";
import { routeParts } from "../compose/routes.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { Entry } from "../connector/connector.ts";
import { AWAY, ConnectorError } from "../connector/error.ts";
import { routeOf, type ScimRequest } from "../play/request.ts";
import type { AskedCall, Trial } from "../play/shown.ts";
import { tryRequest } from "../play/try.ts";
import { EXIT } from "./exit.ts";

/** Asking the backends whether they answer may take this long, in milliseconds. */
const CONNECT_MS = 10_000;

/** What is asked of `explain`. */
export interface ExplainOptions {
  readonly registry: Registry;
  readonly file: string;
  readonly request: ScimRequest;
  /** Whether the backend is asked: for the entry as it is, for references, and for what its indexes do not answer. */
  readonly connect: boolean;
  /** The entry as it is, in place of one that is made up or asked for. */
  readonly entry: Entry | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Prints what a SCIM request would ask of the backend. Nothing is written, and nothing read but with `connect`: ids and entries are made up
 * on the way, unless an entry is given. Gives the exit status: see `EXIT`.
 */
export async function explainCommand(options: ExplainOptions): Promise<number> {
  const { registry, file, request, connect, entry, env } = options;
  const loaded = loadConfig(file, registry, env);
  const base = routeOf(request, loaded.routes.keys());
  const opened = openConnectors(loaded, { warn: () => {} });
  try {
    if (connect)
      await Promise.all([...opened.values()].map((connector) => connector.probe(AbortSignal.timeout(CONNECT_MS))));
    const trial = await tryRequest(routeParts(loaded, base, opened), request, { entry, live: connect, slow: connect });
    for (const text of trialTexts(trial, options)) console.log(text);
    if (trial.unreachable !== undefined) return unreachable(trial.unreachable);
    return trial.answer.status < 400 ? EXIT.fine : EXIT.findings;
  } catch (error) {
    if (!connect || !isAway(error)) throw error;
    return unreachable(error.message);
  } finally {
    await Promise.all([...opened.values()].map((connector) => connector.close()));
  }
}

/** A backend that does not answer, or refuses the gateway's account. */
const isAway = (error: unknown): error is ConnectorError => error instanceof ConnectorError && AWAY.has(error.kind);

function unreachable(message: string): number {
  console.error(`The backend could not be asked: ${message}`);
  return EXIT.unreachable;
}

/** A trial as texts, one for each question and one for what follows. */
function trialTexts({ asked, answer, filter, unreachable }: Trial, options: ExplainOptions): string[] {
  const { connect, request } = options;
  const questions = asked.flatMap((call) => callTexts(call, connect));
  if (unreachable !== undefined) return questions;
  if (answer.status >= 400) return [...questions, JSON.stringify(answer.body, undefined, 2)];
  const split =
    filter &&
    (filter.rest === undefined ? "the backend answers the whole filter" : `evaluated by Postern: ${filter.rest}`);
  const isChange = ["PUT", "PATCH"].includes(request.method.toUpperCase());
  const isIdle = isChange && !asked.some(({ call }) => call === "update");
  return [...questions, ...(split ? [split] : []), ...(isIdle ? [nothingWritten(options, asked)] : [])];
}

function callTexts(
  { connector, call, kind, native, to, values = [], slow = [], assumed }: AskedCall,
  connect: boolean,
): string[] {
  if (call === "resolve" || call === "outside")
    return connect ? [] : [`# ${connector}: look up the ${to} of ${values.join(", ")} among ${kind}\n`];
  return [
    `# ${connector}: ${call} ${kind}\n${native}\n`,
    ...slow.map((each) => `# slow: ${each}\n`),
    ...(assumed ? [`# as if this were found: ${JSON.stringify(assumed)}\n`] : []),
  ];
}

/** So many attributes are named in an example. */
const MAX_NAMED = 4;

/** Why no write was shown, and how to see one. */
function nothingWritten({ connect, entry }: ExplainOptions, asked: readonly AskedCall[]): string {
  if (connect || entry) return "# nothing would be written: the entry is as the request asks";
  const read = [...new Set(asked.flatMap(({ call, attrs = [] }) => (call === "get" ? attrs : [])))];
  const named = read.slice(0, MAX_NAMED).map((attr) => `"${attr}": ...`);
  const example = `{${[...named, ...(read.length > MAX_NAMED ? ["..."] : [])].join(", ")}}`;
  return `# What is written depends on the entry as it is. Give one, --entry '${example}' with what matters of it, or let the backend be asked for it, --connect.`;
}
