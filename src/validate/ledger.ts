import { NoAnswer } from "./outcome.ts";
import type { Answer } from "./transport.ts";

/** A resource that was made and could not be deleted. */
export interface Left {
  readonly endpoint: string;
  readonly id: string;
  readonly why: string;
}

/** What remembers all that a run makes, and deletes it. */
export interface Ledger {
  readonly add: (made: Pick<Left, "endpoint" | "id">) => void;
  /** Remembers a request that may have made something without saying what: it is looked for by its name. */
  readonly unsure: (named: { readonly endpoint: string; readonly path: string; readonly value: string }) => void;
  /** Whether a resource was made by this run. */
  readonly has: (id: unknown) => boolean;
  /** Deletes everything, the last first; gives what could not be deleted. */
  readonly cleanUp: () => Promise<readonly Left[]>;
}

/** Whether an id can be addressed: an empty one, or dots, would lead to other resources. */
export const isUsableId = (id: unknown): id is string => typeof id === "string" && !["", ".", ".."].includes(id);

type Send = (method: string, path: string) => Promise<Answer>;
const AT_ONCE = 4;

/** A ledger that deletes with `send`, which throws `NoAnswer`. */
export function createLedger(send: Send): Ledger {
  const made = new Map<string, Pick<Left, "endpoint" | "id">>();
  const named: Parameters<Ledger["unsure"]>[0][] = [];
  const ids = new Set<unknown>();
  const add = (each: Pick<Left, "endpoint" | "id">) => {
    made.set(`${each.endpoint}/${each.id}`, each);
    ids.add(each.id);
  };

  /** Finds what requests without an answer made, by names that nobody else has. */
  const lookUp = async (): Promise<void> => {
    for (const { endpoint, path, value } of named.splice(0)) {
      const filter = encodeURIComponent(`${path} eq ${JSON.stringify(value)}`);
      const answer = await send("GET", `${endpoint}?filter=${filter}`).catch(() => undefined);
      const found = Array.isArray(answer?.json?.Resources) ? answer.json.Resources : [];
      // An endpoint that ignores filters lists everybody: only what has the very name is ours.
      for (const each of found) if (each?.[path] === value && isUsableId(each.id)) add({ endpoint, id: each.id });
    }
  };

  return {
    add,
    unsure: (each) => named.push(each),
    has: (id) => ids.has(id),
    cleanUp: async () => {
      await lookUp();
      const left: Left[] = [];
      const all = [...made.values()].toReversed();
      for (let at = 0; at < all.length; at += AT_ONCE)
        for (const each of await Promise.all(all.slice(at, at + AT_ONCE).map((one) => deleted(one, send))))
          if (each) left.push(each);
      made.clear();
      return left;
    },
  };
}

/** Deletes a resource; gives why it is still there, if it is. */
async function deleted(made: Pick<Left, "endpoint" | "id">, send: Send): Promise<Left | undefined> {
  const path = `${made.endpoint}/${encodeURIComponent(made.id)}`;
  try {
    const { status } = await send("DELETE", path);
    if (status === 404 || status === 410) return undefined;
    if (status >= 300) return { ...made, why: `DELETE was answered with ${status}` };
    const after = await send("GET", path);
    return after.status === 200 ? { ...made, why: "it is still there after DELETE" } : undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return { ...made, why: error.message };
    throw error;
  }
}
