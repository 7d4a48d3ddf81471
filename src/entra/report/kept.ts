import { judge } from "../findings/index.ts";
import type { Exchange, ModifiedProperty, Observation, Step, Trace } from "../report-data.ts";
import type { KeptExchange, KeptObservation, KeptTrace } from "./data.ts";

/** Maximum characters of a body, of a value, and of a path or sentence. */
const BODY = 3000;
const VALUE = 500;
const SENTENCE = 2000;
/** Maximum requests, steps, attributes and details of a step in one trace. */
const EXCHANGES = 10;
const ATTRIBUTES = 50;
/** Response headers that are kept because they explain it. */
const HEADERS = [
  "content-type",
  "content-length",
  "location",
  "retry-after",
  "x-request-id",
  "server",
  "via",
  "www-authenticate",
];

/** Shortens a text, and says how much is missing. Halves of surrogate pairs become U+FFFD. */
export function cut(text: string, limit: number): string {
  const whole = text.toWellFormed();
  if (whole.length <= limit) return whole;
  return `${whole.slice(0, limit).toWellFormed()}… (${whole.length - limit} more characters)`;
}

/** Reports whether values of an attribute, named alone or by path, must not be shown. */
export const isSecret = (name: string): boolean =>
  /passw(or)?d|secret|private_?key|cookie|^(proxy-)?authorization$/i.test(name);

/** Replaces a secret. */
export const HIDDEN = "(hidden)";

/** Hides secrets by attribute name, and the values of PATCH operations on them. */
function hiding(this: unknown, key: string, value: unknown): unknown {
  const path = key === "value" && typeof this === "object" && this !== null && "path" in this ? this.path : undefined;
  const isHidden = isSecret(key) || (typeof path === "string" && isSecret(path));
  return isHidden && value !== null && value !== undefined ? HIDDEN : value;
}

const indented = (body: unknown): string => cut(JSON.stringify(body, hiding, 2) ?? "", BODY);

/** Prepares an exchange for display. */
export function keepExchange(exchange: Exchange): KeptExchange {
  const { purpose, type, at, tookMs, method, path, body, answer, failure } = exchange;
  return {
    ...{ purpose, type, at, tookMs, method },
    path: cut(path, SENTENCE),
    ...(body !== undefined && { request: indented(body) }),
    ...(answer && { status: answer.status }),
    headers: keepTexts(Object.fromEntries(HEADERS.flatMap((name) => entryOf(answer?.headers ?? {}, name)))),
    ...(answer && { answer: answer.json === undefined ? cut(answer.text, BODY) : indented(answer.json) }),
    ...(failure !== undefined && { failure: cut(failure, SENTENCE) }),
    findings: judge(exchange),
  };
}

/** Prepares a trace for display. */
export function keepTrace(trace: Trace): KeptTrace {
  return {
    ...trace,
    displayName: cut(trace.displayName, VALUE),
    source: keepTexts(trace.source),
    steps: trace.steps.slice(0, ATTRIBUTES).map(keepStep),
    modified: trace.modified.slice(0, ATTRIBUTES).map(keepModified),
    ...(trace.error && { error: { ...trace.error, reason: cut(trace.error.reason, SENTENCE) } }),
    exchanges: trace.exchanges.slice(0, EXCHANGES).map(keepExchange),
    exchangesLeftOut: Math.max(0, trace.exchanges.length - EXCHANGES),
  };
}

/** Prepares an observation for display. */
export function keepObservation({ exchange, ...observation }: Observation): KeptObservation {
  const { attribute = "", sent, returned } = observation;
  const shown = (value: string) => (isSecret(attribute) ? HIDDEN : cut(value, VALUE));
  return {
    ...observation,
    displayName: cut(observation.displayName, VALUE),
    ...(sent !== undefined && { sent: shown(sent) }),
    ...(returned !== undefined && { returned: shown(returned) }),
    ...(exchange && { exchange: keepExchange(exchange) }),
  };
}

const entryOf = (texts: Readonly<Record<string, string>>, name: string): [string, string][] =>
  texts[name] === undefined ? [] : [[name, texts[name]]];

const keepTexts = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(texts)
      .slice(0, ATTRIBUTES)
      .map(([name, value]) => [cut(name, VALUE), isSecret(name) ? HIDDEN : cut(value, VALUE)]),
  );

const keepStep = (step: Step): Step => ({
  ...step,
  description: cut(step.description, SENTENCE),
  ...(step.details && { details: keepTexts(step.details) }),
});

/** Prepares a changed attribute for display. */
export const keepModified = ({ name, oldValue, newValue }: ModifiedProperty): ModifiedProperty => ({
  name: cut(name, VALUE),
  ...(oldValue !== undefined && { oldValue: isSecret(name) ? HIDDEN : cut(oldValue, VALUE) }),
  ...(newValue !== undefined && { newValue: isSecret(name) ? HIDDEN : cut(newValue, VALUE) }),
});
