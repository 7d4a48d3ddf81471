import { isObject } from "../scim/schema.ts";
import { type Choices, DISCOVERY_PATHS, type Discovery, groupPlan, userPlan } from "./discovery.ts";
import { must, mustAnswer, saying } from "./expect.ts";
import { createLedger, isUsableId, type Left, type Named } from "./ledger.ts";
import { Finding, NoAnswer, Skip } from "./outcome.ts";
import { resourceOf } from "./paths.ts";
import { NAME, type Plan, sample, type TypeName } from "./plan.ts";
import { randomEmail, randomLetters } from "./random.ts";
import { shown } from "./shown.ts";
import type { Answer, AskOptions, Exchange, Transport } from "./transport.ts";

/** Values by their paths, such as `{ "name.givenName": "Ada" }`. */
export type Values = Readonly<Record<string, unknown>>;

/** An operation of a PATCH. */
export interface PatchOperation {
  readonly op: string;
  readonly path?: string;
  readonly value?: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: foreign endpoints answer in every shape
type Json = any;

/** A conversation with one endpoint: what checks ask with. It remembers everything that it makes. */
export interface Session {
  readonly target: Pick<Transport, "url" | "tokenUrl" | "tokenSeconds">;
  readonly discovery: Discovery;
  readonly users: Plan;
  /** Throws a `Skip` if the endpoint has no groups. */
  readonly groups: () => Plan;
  /** Sends one request. Waits and repeats it if the answer is 429. Throws `NoAnswer`. */
  readonly ask: (method: string, path: string, body?: unknown, options?: AskOptions) => Promise<Answer>;
  /** GET of a type's resources by a filter. */
  readonly filtered: (type: TypeName, filter: string, query?: string) => Promise<Answer>;
  /** GET of a resource by its id. */
  readonly get: (type: TypeName, id: string, query?: string) => Promise<Answer>;
  /** POST of a resource with a body as it is; remembers what was made. */
  readonly post: (type: TypeName, body: object) => Promise<Answer>;
  readonly remove: (type: TypeName, id: string) => Promise<Answer>;
  /** A user that a check needs, with values beside the basic ones. Throws a `Skip` if it can't be created. */
  readonly user: (values?: Values) => Promise<Json>;
  /** The same for a group. */
  readonly group: (values?: Values) => Promise<Json>;
  /** Creates several resources with one bulk request; remembers what was made. */
  readonly bulk: (type: TypeName, bodies: readonly object[]) => Promise<Answer>;
  /** A resource of this run as it is now. Throws a `Skip` if it can't be read, a `Finding` if it is another's. */
  readonly read: (type: TypeName, id: string) => Promise<Json>;
  /** PATCHes a resource and reads it. Throws a `Finding` if the PATCH is refused. */
  readonly patch: (type: TypeName, id: string, ...operations: readonly PatchOperation[]) => Promise<Json>;
  /** PATCHes a resource with a body as it is, and gives the answer. */
  readonly tryPatch: (type: TypeName, id: string, body: object) => Promise<Answer>;
  /** The body of a resource with the basic values of its type and others; `undefined` leaves a basic value out. */
  readonly body: (type: TypeName, values?: Values) => Record<string, unknown>;
  /** How often the endpoint answered 429 so far, and how often without Retry-After. */
  readonly throttled: () => { readonly count: number; readonly withoutRetryAfter: number };
  /** What was exchanged since this was called last. */
  readonly takeExchanges: () => readonly Exchange[];
  /** Deletes everything that was made; gives what could not be deleted. Works after an abort, too. */
  readonly cleanUp: () => Promise<readonly Left[]>;
}

/** What a session is opened with. */
export interface SessionOptions extends Choices {
  readonly transport: Transport;
  /** Ends the run: nothing is asked any more but to clean up. */
  readonly signal?: AbortSignal | undefined;
}

const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BASIC = [
  "externalId",
  "displayName",
  "active",
  "name.givenName",
  "name.familyName",
  'emails[type eq "work"].value',
];
const FOUND = "POST was answered with 200 instead of 201: it may have been there before";
const MAX_REPEATS = 5;
const MAX_WAIT_SECONDS = 60;

/** Opens a session: asks the endpoint what it publishes. Throws `NoAnswer`. */
export async function openSession({ transport, signal, ...choices }: SessionOptions): Promise<Session> {
  const exchanges: (() => Exchange)[] = [];
  const throttled = { count: 0, withoutRetryAfter: 0 };
  const names = new Set<string>();
  const hasName = (resource: Record<string, unknown>) =>
    Object.values(NAME).some((path) => names.has(textIn(resource[path]).toLowerCase()));
  const isOurs = (endpoint: string, resource: Record<string, unknown>) =>
    isUsableId(resource.id) ? ledger.has(endpoint, resource.id) : hasName(resource);
  const patient =
    (send: Session["ask"], until?: AbortSignal): Session["ask"] =>
    async (method, path, body, options) => {
      for (let repeats = 0; ; repeats++) {
        until?.throwIfAborted();
        const answer = await send(method, path, body, options);
        if (answer.status !== 429) return answer;
        const seconds = Number(answer.headers["retry-after"] ?? Number.NaN);
        throttled.count++;
        if (!(seconds >= 0)) throttled.withoutRetryAfter++;
        if (options?.isImpatient || repeats === MAX_REPEATS) return answer;
        await waiting(Math.min(seconds >= 0 ? seconds : 2 ** repeats, MAX_WAIT_SECONDS), until);
      }
    };
  const ask = patient(async (...sent) => {
    const answer = await transport.send(...sent);
    const [method, path, body] = sent;
    // Told when the check is over: only then is it known whether the answer to a creation shows what was created.
    exchanges.push(() => shown({ method, path, ...(body !== undefined && { body }) }, answer, isOurs));
    return answered(answer, method, path);
  }, signal);
  // What the ledger asks belongs to no check, and goes on after an abort.
  const ledger = createLedger(patient(async (...sent) => answered(await transport.send(...sent), sent[0], sent[1])));

  const discovery: Discovery = {
    config: await ask("GET", DISCOVERY_PATHS.config),
    types: await ask("GET", DISCOVERY_PATHS.types),
    schemas: await ask("GET", DISCOVERY_PATHS.schemas),
  };
  const users = userPlan(discovery, choices);
  const group = groupPlan(discovery, choices);
  const groups = () => {
    if (!group) throw new Skip("The endpoint publishes no resource type Group.");
    return group;
  };
  const planOf = (type: TypeName) => (type === "User" ? users : groups());
  const at = (type: TypeName, id: string) => `${planOf(type).endpoint}/${encodeURIComponent(id)}`;

  const body = (type: TypeName, values: Values = {}) => {
    const plan = planOf(type);
    const basic = plan.targets
      .filter(({ path, isRequired }) => isRequired || path === NAME[type] || BASIC.includes(path))
      .map((target) => [target.path, sample(target)] as const);
    const name = type === "User" ? randomEmail() : `postern-${randomLetters()}`;
    const all = new Map<string, unknown>([...basic, [NAME[type], name], ...Object.entries(values)]);
    if (!all.has(plan.joining)) all.set(plan.joining, randomLetters());
    const given = [...all].filter(([, value]) => value !== undefined);
    return { schemas: [plan.schema], ...resourceOf(given) };
  };
  const nameIn = (type: TypeName, resource: object): Named => {
    const value = String((resource as Record<string, unknown>)[NAME[type]]);
    names.add(value.toLowerCase());
    return { endpoint: planOf(type).endpoint, path: NAME[type], value };
  };
  /** Sends what creates something; remembers what may have been created, if there is no answer. */
  const creating = async (named: readonly Named[], path: string, sent: object) => {
    const unsure = (why: string) => {
      for (const each of named) ledger.unsure(each, why);
    };
    try {
      const answer = await ask("POST", path, sent);
      const isUncertain = answer.status === 303 || (answer.status >= 500 && answer.status !== 501);
      if (isUncertain) unsure(`POST was answered with ${answer.status}`);
      return answer;
    } catch (error) {
      if (error instanceof NoAnswer) unsure("its creation was not answered");
      throw error;
    }
  };
  const post = async (type: TypeName, resource: object) => {
    const named = nameIn(type, resource);
    const answer = await creating([named], named.endpoint, resource);
    const id = answer.json?.id;
    if (answer.status === 200) ledger.doubt(named, id, FOUND);
    else if (answer.status < 300) await ledger.claim(named, id);
    return answer;
  };
  const bulk = async (type: TypeName, bodies: readonly object[]) => {
    const named = bodies.map((each) => nameIn(type, each));
    const path = planOf(type).endpoint;
    const Operations = bodies.map((data, at) => ({ method: "POST", path, bulkId: `b${at}`, data }));
    const answer = await creating(named, "/Bulk", { schemas: [BULK], Operations });
    if (answer.status >= 300) return answer;
    const outcomes: readonly unknown[] = Array.isArray(answer.json?.Operations) ? answer.json.Operations : [];
    for (const [at, each] of named.entries()) {
      const isOf = (outcome: unknown) => isObject(outcome) && outcome.bulkId === `b${at}`;
      const outcome = outcomes.find(isOf) ?? outcomes[at];
      const { status, location } = isObject(outcome) ? outcome : {};
      const id = lastPartOf(location);
      if (textIn(status) === "200") ledger.doubt(each, id, FOUND);
      else if (!/^4\d\d$/.test(textIn(status))) await ledger.claim(each, id);
    }
    return answer;
  };
  const given = async (type: TypeName, values?: Values) => {
    const answer = await post(type, body(type, values));
    const { status, json } = answer;
    const missing = `A ${type} that this check needs could not be created:`;
    if (status >= 300 || !isUsableId(json?.id)) throw new Skip(`${missing} status ${status}.${saying(answer)}`, true);
    if (status === 200)
      throw new Skip(`${missing} status 200 instead of 201. What may have been there before is not changed.`, true);
    if (!ledger.has(planOf(type).endpoint, json.id))
      throw new Skip(`${missing} GET with the id ${json.id} of the answer does not show it.`, true);
    if (typeof json.id !== "string") throw new Skip(`${missing} its id ${json.id} is not a string.`, true);
    return json;
  };
  const get = (type: TypeName, id: string, query = "") => ask("GET", `${at(type, id)}${query}`);
  const tryPatch = (type: TypeName, id: string, sent: object) => ask("PATCH", at(type, id), sent);
  const read = async (type: TypeName, id: string) => {
    const answer = await get(type, id);
    if (answer.status !== 200 || typeof answer.json !== "object")
      throw new Skip(`${answer.request} was answered with ${answer.status}, so the outcome can't be seen.`, true);
    const isOfRun = ledger.has(planOf(type).endpoint, id) || hasName(answer.json ?? {});
    // What another's resource holds must not stand in a message.
    must(isOfRun, `${answer.request}, the id that POST was answered with, shows another resource.`);
    return answer.json;
  };

  return {
    target: transport,
    discovery,
    users,
    groups,
    ask,
    filtered: (type, filter, query = "") =>
      ask("GET", `${planOf(type).endpoint}?filter=${encodeURIComponent(filter)}${query}`),
    get,
    post,
    bulk,
    remove: (type, id) => ask("DELETE", at(type, id)),
    user: (values) => given("User", values),
    group: (values) => given("Group", values),
    read,
    patch: async (type, id, ...Operations) => {
      mustAnswer(await tryPatch(type, id, patchBody(...Operations)), 200, 204);
      return read(type, id);
    },
    tryPatch,
    body,
    throttled: () => throttled,
    takeExchanges: () => exchanges.splice(0).map((tell) => tell()),
    cleanUp: ledger.cleanUp,
  };
}

/** A value of an answer as text. Objects may not even be convertible. */
const textIn = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** The id at the end of a location; undefined if there is none. */
function lastPartOf(location: unknown): string | undefined {
  if (typeof location !== "string") return undefined;
  const part = location.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An answer with what was asked. Throws `NoAnswer`. */
function answered(answer: Awaited<ReturnType<Transport["send"]>>, method: string, path: string): Answer {
  if ("failure" in answer) throw new NoAnswer(`${method} ${path}: ${answer.failure}`);
  return { ...answer, request: `${method} ${path}` };
}

function waiting(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, fail) => {
    const abort = () => {
      clearTimeout(timer);
      fail(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      done();
    }, seconds * 1000);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** The body of a PATCH. */
export const patchBody = (...Operations: readonly PatchOperation[]): object => ({ schemas: [PATCH], Operations });

/** Runs something that a check needs, but is not about: what it finds only blocks the check. */
export async function needed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Finding) throw new Skip(`Something that this check needs failed: ${error.message}`, true);
    throw error;
  }
}
