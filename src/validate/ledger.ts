import { isObject } from "../scim/schema.ts";
import { NoAnswer } from "./outcome.ts";
import { listIn } from "./shown.ts";
import type { Answer } from "./transport.ts";

/** A resource that was made, or may have been made, and was not deleted. */
export interface Left {
  readonly endpoint: string;
  /** Absent if the resource was not found: then `name` says what to look for. */
  readonly id?: string;
  /** The userName or displayName that it was created with. Given if it is not certain that the run made the resource. */
  readonly name?: string;
  readonly why: string;
}

/** Where a resource is that was left: by its id, or by its name if it is not known whether it is there. */
export const placeOf = ({ endpoint, id, name }: Left): string =>
  `${endpoint}${id === undefined ? "" : `/${id}`}${name === undefined ? "" : ` named ${name}`}`;

/** What a resource was to be created with: a value of this run alone, at an attribute of an endpoint's resources. */
export interface Named {
  readonly endpoint: string;
  readonly path: string;
  readonly value: string;
}

/** What remembers all that a run makes, and deletes it. */
export interface Ledger {
  /**
   * Takes a resource over that an answer says was created: only if GET shows it with the name that was sent. If not, the name is
   * looked for at the end. Gives whether it was taken over.
   */
  readonly claim: (named: Named, id: unknown) => Promise<boolean>;
  /** Remembers a request that may have made something without saying what: it is looked for by its name. */
  readonly unsure: (named: Named, why: string) => void;
  /** Remembers a resource that may have been there before the run: it is neither changed nor deleted, but listed. */
  readonly doubt: (named: Named, id: unknown, why: string) => void;
  /** Reports whether a resource was made by this run. Ids are compared within an endpoint. */
  readonly has: (endpoint: string, id: unknown) => boolean;
  /** Deletes everything, the last first; gives what was not deleted, and what may be there. */
  readonly cleanUp: () => Promise<readonly Left[]>;
}

/** Whether an id can be addressed: an empty one, or dots, would lead to other resources. Numbers are no ids in SCIM, but are deleted. */
export const isUsableId = (id: unknown): id is string | number =>
  typeof id === "number" ? Number.isFinite(id) : typeof id === "string" && !["", ".", ".."].includes(id);

/** Whether a resource has the name that was sent. Some endpoints change the case of names. */
function isNamed(resource: unknown, { path, value }: Named): boolean {
  const name = isObject(resource) ? resource[path] : undefined;
  return typeof name === "string" && name.toLowerCase() === value.toLowerCase();
}

type Send = (method: string, path: string) => Promise<Answer>;
type Made = { readonly endpoint: string; readonly id: string };
const AT_ONCE = 4;

const keyOf = (endpoint: string, id: unknown) => `${endpoint.toLowerCase()}/${id}`;
const pathOf = ({ endpoint, id }: Made) => `${endpoint}/${encodeURIComponent(id)}`;

/** A ledger that looks up and deletes with `send`, which throws `NoAnswer`. */
export function createLedger(send: Send): Ledger {
  const made = new Map<string, Made>();
  const known = new Set<string>();
  const doubted: Left[] = [];
  const named: { readonly named: Named; readonly why: string }[] = [];

  /** Takes a resource over; gives why not, if it is not certain that this run made it. */
  const take = async (sent: Named, id: string | number): Promise<string | undefined> => {
    const one = { endpoint: sent.endpoint, id: String(id) };
    try {
      const { status, json } = await send("GET", pathOf(one));
      if (status !== 200) return `GET ${pathOf(one)} was answered with ${status}`;
      if (!isNamed(json, sent)) return `GET ${pathOf(one)} shows another resource`;
    } catch (error) {
      return reasonOf(error);
    }
    made.set(keyOf(one.endpoint, one.id), one);
    known.add(keyOf(one.endpoint, one.id));
    return undefined;
  };

  /** Finds what a request made by its name, which nobody else has; gives why not, if it is not found. */
  const lookUp = async (sent: Named): Promise<string | undefined> => {
    const filter = encodeURIComponent(`${sent.path} eq ${JSON.stringify(sent.value)}`);
    try {
      const { status, json } = await send("GET", `${sent.endpoint}?filter=${filter}`);
      const list = status === 200 ? listIn(json) : undefined;
      if (!list) return `the filter for it was answered with ${status}${status === 200 ? " and no list" : ""}`;
      // An endpoint that ignores filters lists everybody: only what has the very name is ours.
      const ids = list.flatMap((each) => (isNamed(each, sent) && isUsableId(each.id) ? [each.id] : []));
      if (ids.length === 0) return "it was not found by its name";
      const reasons = await Promise.all(ids.map((id) => take(sent, id)));
      return reasons.find((reason) => reason !== undefined);
    } catch (error) {
      return reasonOf(error);
    }
  };
  const lookedUp = async (): Promise<Left[]> => {
    const left: Left[] = [];
    for (const { named: sent, why } of named.splice(0)) {
      const reason = await lookUp(sent);
      if (reason !== undefined)
        left.push({ endpoint: sent.endpoint, name: sent.value, why: `it may be there: ${why}, and ${reason}` });
    }
    return left;
  };

  return {
    claim: async (sent, id) => {
      const reason = isUsableId(id) ? await take(sent, id) : "the answer to its creation has no id";
      if (reason !== undefined) named.push({ named: sent, why: reason });
      return reason === undefined;
    },
    unsure: (sent, why) => named.push({ named: sent, why }),
    doubt: ({ endpoint, value }, id, why) =>
      doubted.push({ endpoint, ...(isUsableId(id) && { id: String(id) }), name: value, why }),
    has: (endpoint, id) => known.has(keyOf(endpoint, id)),
    cleanUp: async () => {
      const left: Left[] = [...doubted.splice(0), ...(await lookedUp())];
      const all = [...made.values()].toReversed();
      for (let at = 0; at < all.length; at += AT_ONCE)
        for (const each of await Promise.all(all.slice(at, at + AT_ONCE).map((one) => deleted(one, send))))
          if (each) left.push(each);
      made.clear();
      return left;
    },
  };
}

/** Deletes a resource; gives why it is still there, if it is, or may be. */
async function deleted(made: Made, send: Send): Promise<Left | undefined> {
  try {
    const { status } = await send("DELETE", pathOf(made));
    const isRefused = status >= 300 && status !== 404 && status !== 410;
    if (isRefused) return { ...made, why: `DELETE was answered with ${status}` };
    const after = await send("GET", pathOf(made));
    if (after.status === 200) return { ...made, why: "it is still there after DELETE" };
    return after.status >= 500 ? { ...made, why: `after DELETE, GET was answered with ${after.status}` } : undefined;
  } catch (error) {
    return { ...made, why: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NoAnswer) return error.message;
  throw error;
}
