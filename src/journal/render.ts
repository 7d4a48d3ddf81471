import type { BackendOperation } from "../connector/connector.ts";
import { ScimError } from "../scim/error.ts";
import { isObject, type ResourceType } from "../scim/schema.ts";
import { type JournalEntry, journalId, type Step } from "./entry.ts";
import { membersIn } from "./members.ts";
import { reasonOf } from "./reason.ts";
import {
  redactFilter,
  redactMessage,
  redactOperationOf,
  redactPatch,
  redactPath,
  redactResource,
  type Shows,
} from "./redact.ts";
import type { BackendCall, Trace } from "./trace.ts";

/** An operation that has ended, as the gateway knows it. */
export interface Happened {
  /** When the request came, in milliseconds since 1970. */
  readonly at: number;
  /** When the request came, and when the operation ended, by `performance.now()`. */
  readonly received: number;
  readonly ended: number;
  readonly route: string;
  readonly caller: string | undefined;
  readonly source: string;
  readonly requestId: string;
  /** The operation's name, such as `patch`. */
  readonly action: string;
  readonly type: ResourceType;
  /** The id of the resource that was named. */
  readonly id: string | undefined;
  /** What the gateway knows that resource by, where neither the request nor the answer says; empty if it doesn't. */
  readonly knownName?: (() => Promise<string>) | undefined;
  /** The body, or the query's filter as `{ filter }`. */
  readonly sent: unknown;
  readonly trace: Trace;
  readonly outcome: { readonly resource: unknown } | { readonly error: unknown };
  /** Whether the change guard stopped it. */
  readonly isStopped: boolean;
  /** Attributes of the entry that hold secrets. */
  readonly secretAttrs: ReadonlySet<string>;
  /** The type of a group's members; empty if there are several. */
  readonly memberType: string;
}

/** What entries are rendered with. */
export interface Rendering {
  /** The host of this gateway. */
  readonly replica: string;
  /** Whether values are kept; secrets never are. */
  readonly values: boolean;
}

/** What operations are called when they are done, and while they are, and the status of those that are not 200. */
const WORDS: Readonly<Record<string, { readonly done: string; readonly doing: string; readonly status?: number }>> = {
  get: { done: "Read", doing: "Reading" },
  list: { done: "Searched", doing: "Searching" },
  create: { done: "Created", doing: "Creating", status: 201 },
  replace: { done: "Replaced", doing: "Replacing" },
  patch: { done: "Changed", doing: "Changing" },
  delete: { done: "Deleted", doing: "Deleting", status: 204 },
};
const wordsOf = (action: string) => WORDS[action] ?? { done: `Did ${action} of`, doing: `Doing ${action} of` };
/** What the step says at which the change guard stopped a change. */
const STOPPED = "The guard stopped it: the backend was not asked to make this change.";
const MAX_ATTRIBUTES = 100;
/** How long the backend's own words for one call may be, in characters. */
const MAX_NATIVE = 4000;

/** Puts what happened into a journal entry. Nothing of it fails: what a connector cannot explain is told by its name. */
export async function entryOf(happened: Happened, { replica, values }: Rendering): Promise<JournalEntry> {
  const { at, received, ended, route, caller = "", source, requestId, action, type, outcome, trace, sent } = happened;
  const shows: Shows = { values, type, secretAttrs: happened.secretAttrs };
  const resource = "resource" in outcome && isObject(outcome.resource) ? outcome.resource : undefined;
  const status = "error" in outcome ? statusOf(outcome.error) : (wordsOf(action).status ?? 200);
  const display =
    displayIn(resource, type) ||
    (action === "create" || action === "replace" ? displayIn(sent, type) : "") ||
    ((await happened.knownName?.()) ?? "");
  const id = textIn(action === "list" ? undefined : resource?.id) || (happened.id ?? "");
  const attributes = attributesOf(sent, action).slice(0, MAX_ATTRIBUTES);
  /** Whether the request changed anything. */
  const isDone = trace.mapped !== undefined || action === "create";
  const sentence =
    "error" in outcome
      ? failed(outcome.error, happened, values)
      : succeeded(happened, display || id, attributes, resource);
  const request =
    action === "patch"
      ? redactPatch(sent, shows)
      : isObject(sent) && typeof sent.filter === "string"
        ? { filter: redactFilter(sent.filter, shows) }
        : redactResource(sent, shows);
  return {
    id: journalId(Date.now()),
    at,
    replica,
    route,
    caller,
    source,
    requestId,
    action,
    type: type.name,
    resource: id.slice(0, 500),
    display: display.slice(0, 500),
    status,
    result: "error" in outcome ? "failure" : "success",
    ...(happened.isStopped && { isStopped: true }),
    sentence,
    ms: rounded(ended - received),
    backendMs: rounded(trace.calls.reduce((sum, { ms }) => sum + ms, 0)),
    attributes,
    ...(isDone || "error" in outcome ? { members: membersIn(sent, action, happened.memberType) } : {}),
    request,
    steps: await stepsOf(happened, shows, { status, sentence }),
  };
}

const statusOf = (error: unknown): number => (error instanceof ScimError ? error.status : 500);
const textIn = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";
const rounded = (milliseconds: number) => Math.round(milliseconds * 100) / 100;

/** What people know a resource by; empty if it has none of these. */
export function displayIn(resource: unknown, type: ResourceType): string {
  if (!isObject(resource)) return "";
  const names = type.name === "User" ? ["userName", "displayName"] : ["displayName", "name", "userName"];
  return names.map((name) => textIn(resource[name])).find(Boolean) ?? "";
}

/** The attributes that a request names, as paths, each once. */
export function attributesOf(sent: unknown, action: Happened["action"]): string[] {
  if (!isObject(sent) || action === "list") return [];
  if (action !== "patch") return pathsOf(sent);
  const operations = Object.entries(sent).find(([name]) => name.toLowerCase() === "operations")?.[1];
  const paths = (Array.isArray(operations) ? operations : []).filter(isObject).flatMap((operation) => {
    const field = (wanted: string) => Object.entries(operation).find(([name]) => name.toLowerCase() === wanted)?.[1];
    const path = field("path");
    return typeof path === "string" && path !== "" ? [redactPath(path, { values: false })] : pathsOf(field("value"));
  });
  return [...new Set(paths)];
}

const pathsOf = (resource: unknown): string[] =>
  isObject(resource)
    ? Object.entries(resource).flatMap(([name, value]) => {
        if (name === "schemas" || name === "id" || name === "meta") return [];
        const isPart = isObject(value) && !name.includes(".");
        return isPart ? Object.keys(value).map((sub) => `${name}${name.startsWith("urn:") ? ":" : "."}${sub}`) : [name];
      })
    : [];

function succeeded(
  { action, type, trace }: Happened,
  named: string,
  attributes: readonly string[],
  resource: Readonly<Record<string, unknown>> | undefined,
): string {
  const who = `${type.name} ${named}`.trim();
  if (action === "list") {
    const count = Number(resource?.totalResults ?? 0);
    return `Found ${count === 0 ? "no" : count} ${count === 1 ? type.name : `${type.name}s`}.`;
  }
  const { done } = wordsOf(action);
  if (action !== "patch" && action !== "replace") return `${done} ${who}.`;
  if (!trace.mapped) return `Changed nothing: ${who} was as the request asks already.`;
  return `${done} ${who}: ${listed([...new Set(attributes.map((name) => name.replace(/^members\[.*\]$/i, "members")))])}.`;
}

const listed = (names: readonly string[]): string =>
  names.length <= 6
    ? names.join(", ") || "nothing that is mapped"
    : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more attributes`;

function failed(error: unknown, { action, type, id, sent, isStopped }: Happened, values: boolean): string {
  const what = `${type.name}${id === undefined ? "" : ` ${id}`}`;
  const { doing } = wordsOf(action);
  if (!(error instanceof ScimError)) return `${doing} ${what} failed: a fault of the gateway's; its log has it.`;
  const { status, scimType, message } = error;
  // The guard's words are Postern's own: what was sent, such as "guard", would hide them in vain.
  const reason = values || isStopped ? message.slice(0, 1000) : redactMessage(message, sent);
  return `${doing} ${what} was answered with ${status}${scimType ? ` ${scimType}` : ""}: ${reason}`;
}

async function stepsOf(
  { trace, received, ended, action, sent, isStopped }: Happened,
  shows: Shows,
  { status, sentence }: { readonly status: number; readonly sentence: string },
): Promise<Step[]> {
  const after = (time: number) => rounded(Math.max(0, time - received));
  const { begun, calls, mapped, more } = trace;
  // Not by the steps' own times, which are rounded.
  const inOrder = calls.toSorted((one, other) => one.at - other.at);
  const before = inOrder.filter((call) => mapped && call.at < mapped.at).length;
  const asked = await Promise.all(
    inOrder.map(async (call): Promise<Step> => {
      const isWrite = ["create", "update", "delete"].includes(call.name);
      return {
        step: isWrite || (mapped && call.at >= mapped.at) ? "asked" : "matched",
        at: after(call.at),
        ms: rounded(call.ms),
        text: toldOf(call, reasonOf(call, sent, shows)),
        connector: call.connector,
        ...(call.failure !== undefined && { failure: call.failure }),
        ...(await nativeOf(call, shows)),
      };
    }),
  );
  const change: Step[] = mapped
    ? [
        {
          step: "mapped",
          at: after(mapped.at),
          text: mapped.attributes.length > 0 ? `Sets ${listed(mapped.attributes)}.` : "Deletes the entry.",
        },
      ]
    : [];
  const steps: Step[] = [
    { step: "received", at: 0, text: `A request to ${action} a ${shows.type.name}.` },
    ...(sent === undefined ? [] : [{ step: "parsed", at: after(begun), text: parsedText(sent, action) } as const]),
    ...asked.slice(0, before),
    ...change,
    ...asked.slice(before),
    ...(more > 0 ? [{ step: "asked", at: after(ended), text: `And ${more} more calls of the backend.` } as const] : []),
    ...(isStopped ? [{ step: "guard", at: after(ended), text: STOPPED } as const] : []),
    { step: "answered", at: after(ended), text: `${status}: ${sentence}` },
  ];
  return steps;
}

function parsedText(sent: unknown, action: Happened["action"]): string {
  if (action === "list") return "A filter.";
  if (action !== "patch" || !isObject(sent)) return "A resource.";
  const operations = Object.entries(sent).find(([name]) => name.toLowerCase() === "operations")?.[1];
  const count = Array.isArray(operations) ? operations.length : 0;
  return count === 1 ? "One operation." : `${count} operations.`;
}

/** What each call does, when it ended well and when it failed. */
const VERBS = {
  search: ["Searched", "Searching"],
  get: ["Read", "Reading"],
  create: ["Created", "Creating"],
  update: ["Changed", "Changing"],
  delete: ["Deleted", "Deleting"],
  resolve: ["Looked up references to", "Looking up references to"],
  outside: ["Looked beyond the bases for", "Looking beyond the bases for"],
} as const;

function toldOf({ connector, name, request, found, failure }: BackendCall, reason: string): string {
  const [done, doing] = VERBS[name];
  const where = `${request.kind} in ${connector}`;
  if (failure !== undefined) return `${doing} ${where} failed${reason}`;
  if (name === "search" || name === "resolve" || name === "outside") return `${done} ${where}: ${found ?? 0} found.`;
  return name === "get" && found === 0 ? `${done} ${where}: not there.` : `${done} ${where}.`;
}

async function nativeOf({ name, request, explain }: BackendCall, shows: Shows): Promise<{ readonly native?: string }> {
  if (name === "resolve" || name === "outside") return {};
  const { signal: _, ...asked } = request;
  try {
    const native = await explain(redactOperationOf({ type: name, ...asked } as unknown as BackendOperation, shows));
    return { native: native.slice(0, MAX_NATIVE) };
  } catch {
    // A placeholder is no value of every type.
    return {};
  }
}
