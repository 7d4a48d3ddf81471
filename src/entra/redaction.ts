import { isObject, type Resource } from "../scim/schema.ts";
import type { Job } from "./job.ts";
import type { Exchange } from "./report-data.ts";
import { readAt, type TargetPath, writeAt } from "./target-path.ts";
import { REDACTED } from "./tracing.ts";

/** Masks the values of redacted attributes in exchanges before anything keeps or shows them. Other exchanges are unchanged. */
export function redactionOf({ flows }: Job): (exchange: Exchange) => Exchange {
  const paths = new Map(
    flows.map(({ type, values }) => [type, values.filter(({ isRedacted }) => isRedacted).map(({ target }) => target)]),
  );
  return (exchange) => {
    const redacted = paths.get(exchange.type) ?? [];
    if (redacted.length === 0) return exchange;
    const { body, answer, path } = exchange;
    const secrets = secretsIn(body, redacted);
    const text =
      answer &&
      withoutSecrets(
        answer.json === undefined ? answer.text : JSON.stringify(maskedList(answer.json, redacted)),
        secrets,
      );
    const isAsked = redacted.some(({ text }) => path.includes(encodeURIComponent(text)));
    return {
      ...exchange,
      ...(isAsked && { path: path.replace(/filter=.*/, `filter=${REDACTED}`) }),
      ...(body !== undefined && { body: maskedBody(body, redacted) }),
      ...(answer &&
        text !== undefined && {
          answer: { ...answer, text, ...(answer.json !== undefined && { json: JSON.parse(text) }) },
        }),
    };
  };
}

function maskedBody(body: unknown, redacted: readonly TargetPath[]): unknown {
  if (!isObject(body) || !Array.isArray(body.Operations)) return maskedList(body, redacted);
  const isRedacted = (name: unknown) => redacted.some(({ text }) => text === name);
  const Operations = body.Operations.map((operation: Resource) => {
    if (isRedacted(operation.path)) return { ...operation, value: REDACTED };
    if (!isObject(operation.value)) return operation;
    const value = Object.entries(operation.value).map(([name, each]) => [name, isRedacted(name) ? REDACTED : each]);
    return { ...operation, value: Object.fromEntries(value) };
  });
  return { ...body, Operations };
}

function maskedList(json: unknown, redacted: readonly TargetPath[]): unknown {
  if (!isObject(json)) return json;
  const masked = structuredClone(json);
  const resources = Array.isArray(masked.Resources) ? masked.Resources.filter(isObject) : [masked];
  for (const resource of resources)
    for (const path of redacted) if (readAt(resource, path) !== undefined) writeAt(resource, path, REDACTED);
  return masked;
}

/** The values of redacted attributes in a request, which an endpoint may repeat in its messages. */
function secretsIn(body: unknown, redacted: readonly TargetPath[]): string[] {
  if (!isObject(body)) return [];
  const operations = Array.isArray(body.Operations) ? (body.Operations as Resource[]) : [];
  const inOperations = operations.flatMap(({ path, value }) =>
    redacted.flatMap(({ text }) => [path === text ? value : undefined, isObject(value) ? value[text] : undefined]),
  );
  const values = [...redacted.map((path) => readAt(body, path)), ...inOperations];
  return values.flatMap((each) => (typeof each === "string" && each.length > 3 ? [each] : []));
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

function withoutSecrets(text: string, secrets: readonly string[]): string {
  let cleaned = text;
  for (const secret of secrets) {
    // As sent, as JSON, and as JSON within a JSON string: the longest first.
    const once = inJson(secret);
    for (const form of [inJson(once), once, secret]) cleaned = cleaned.replaceAll(form, REDACTED);
  }
  return cleaned;
}
