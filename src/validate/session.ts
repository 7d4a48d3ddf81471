import { type Choices, DISCOVERY_PATHS, type Discovery, groupPlan, userPlan } from "./discovery.ts";
import { mustAnswer, saying } from "./expect.ts";
import { createLedger, isUsableId, type Left } from "./ledger.ts";
import { Finding, NoAnswer, Skip } from "./outcome.ts";
import { resourceOf } from "./paths.ts";
import { NAME, type Plan, sample, type TypeName } from "./plan.ts";
import { randomEmail, randomLetters } from "./random.ts";
import type { Answer, AskOptions, Exchange, Transport } from "./transport.ts";
import { shown } from "./transport.ts";

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
  /** A resource as it is now. Throws a `Skip` if it can't be read. */
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
  /** Remembers a resource that was made without `post`. */
  readonly made: (type: TypeName, id: unknown) => void;
}

/** What a session is opened with. */
export interface SessionOptions extends Choices {
  readonly transport: Transport;
  /** Ends the run: nothing is asked any more but to clean up. */
  readonly signal?: AbortSignal | undefined;
}

const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BASIC = [
  "externalId",
  "displayName",
  "active",
  "name.givenName",
  "name.familyName",
  'emails[type eq "work"].value',
];
const MAX_REPEATS = 5;
const MAX_WAIT_SECONDS = 60;

/** Opens a session: asks the endpoint what it publishes. Throws `NoAnswer`. */
export async function openSession({ transport, signal, ...choices }: SessionOptions): Promise<Session> {
  let exchanges: Exchange[] = [];
  const throttled = { count: 0, withoutRetryAfter: 0 };
  const sendNow = async (method: string, path: string, body?: unknown, options?: AskOptions): Promise<Answer> => {
    const answer = await transport.send(method, path, body, options);
    exchanges.push(shown({ method, path, ...(body !== undefined && { body }) }, answer, (id) => ledger.has(id)));
    if ("failure" in answer) throw new NoAnswer(`${method} ${path}: ${answer.failure}`);
    return { ...answer, request: `${method} ${path}` };
  };
  const patient =
    (until?: AbortSignal): Session["ask"] =>
    async (method, path, body, options) => {
      for (let repeats = 0; ; repeats++) {
        until?.throwIfAborted();
        const answer = await sendNow(method, path, body, options);
        if (answer.status !== 429) return answer;
        const seconds = Number(answer.headers["retry-after"] ?? Number.NaN);
        throttled.count++;
        if (!(seconds >= 0)) throttled.withoutRetryAfter++;
        if (options?.isImpatient || repeats === MAX_REPEATS) return answer;
        await waiting(Math.min(seconds >= 0 ? seconds : 2 ** repeats, MAX_WAIT_SECONDS), until);
      }
    };
  const ask = patient(signal);
  const ledger = createLedger(patient());

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
  const post = async (type: TypeName, resource: object) => {
    const { endpoint } = planOf(type);
    const name = (resource as Record<string, unknown>)[NAME[type]];
    const unsure = () => ledger.unsure({ endpoint, path: NAME[type], value: String(name) });
    try {
      const answer = await ask("POST", endpoint, resource);
      const id = answer.json?.id;
      if (answer.status < 300 && isUsableId(id)) ledger.add({ endpoint, id });
      else if (answer.status < 300 || answer.status >= 500) unsure();
      return answer;
    } catch (error) {
      if (error instanceof NoAnswer) unsure();
      throw error;
    }
  };
  const given = async (type: TypeName, values?: Values) => {
    const answer = await post(type, body(type, values));
    const isMade = (answer.status === 200 || answer.status === 201) && isUsableId(answer.json?.id);
    if (!isMade)
      throw new Skip(
        `A ${type} that this check needs could not be created: status ${answer.status}.${saying(answer)}`,
        true,
      );
    return answer.json;
  };
  const get = (type: TypeName, id: string, query = "") => ask("GET", `${at(type, id)}${query}`);
  const tryPatch = (type: TypeName, id: string, sent: object) => ask("PATCH", at(type, id), sent);
  const read = async (type: TypeName, id: string) => {
    const answer = await get(type, id);
    if (answer.status !== 200 || typeof answer.json !== "object")
      throw new Skip(`${answer.request} was answered with ${answer.status}, so the outcome can't be seen.`, true);
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
    takeExchanges: () => {
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
    cleanUp: ledger.cleanUp,
    made: (type, id) => {
      if (isUsableId(id)) ledger.add({ endpoint: planOf(type).endpoint, id });
    },
  };
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
