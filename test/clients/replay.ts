import { isDeepStrictEqual } from "node:util";

/** One request of a conversation, and what must come back. */
export interface Step {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly status: number | readonly number[];
  readonly body?: unknown;
  readonly expect?: unknown;
  readonly absent?: readonly string[];
  readonly save?: Readonly<Record<string, string>>;
}

export interface Client {
  readonly base: string;
  readonly token: string;
}

/** Sends one SCIM request. */
export async function send(
  { base, token }: Client,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(base + path, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body !== undefined && { "Content-Type": "application/scim+json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  const json: any = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, json, text };
}

/** Replays a step under the names that are known; gives what is wrong with the answer, nothing where all is well. */
export async function replay(client: Client, step: Step, names: Record<string, string>): Promise<string[]> {
  const path = encodeURI(fill(step.path, names) as string);
  const answer = await send(client, step.method, path, step.body === undefined ? undefined : fill(step.body, names));
  const statuses = Array.isArray(step.status) ? step.status : [step.status];
  const wrong = statuses.includes(answer.status)
    ? []
    : [`status ${answer.status} instead of ${statuses.join(" or ")}: ${answer.text}`];
  if (step.expect !== undefined && !holds(answer.json, fill(step.expect, names))) {
    wrong.push(`${answer.text} does not hold ${JSON.stringify(fill(step.expect, names))}`);
  }
  for (const field of step.absent ?? [])
    if (at(answer.json, field) !== undefined) wrong.push(`${field} must not be in ${answer.text}`);
  for (const [name, field] of Object.entries(step.save ?? {})) names[name] = String(at(answer.json, field));
  return wrong;
}

const at = (value: unknown, field: string): unknown =>
  field.split(".").reduce<unknown>((each, name) => (each as Record<string, unknown> | undefined)?.[name], value);

function fill(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return value.replace(/\{(\w+)\}/g, (whole, name) => names[name] ?? whole);
  if (Array.isArray(value)) return value.map((each) => fill(each, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, names)]));
}

/** True when the answer holds all of what is expected: lists in any order, perhaps with more, but an empty one empty. */
export function holds(actual: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return false;
    return expected.length === 0
      ? actual.length === 0
      : expected.every((each) => actual.some((one) => holds(one, each)));
  }
  if (typeof expected !== "object" || expected === null) return isDeepStrictEqual(actual, expected);
  return (
    typeof actual === "object" &&
    actual !== null &&
    Object.entries(expected).every(([key, each]) => holds((actual as Record<string, unknown>)[key], each))
  );
}
