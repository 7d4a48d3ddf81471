import { abortable } from "../connector/kit/deadline.ts";
import { applyChanges } from "../connector/reference.ts";
import type { Mapping, Row } from "../mapping/mapping.ts";
import { readEntry } from "../mapping/read.ts";
import { select } from "../mapping/selection.ts";
import { notNow, type ScimError } from "../scim/error.ts";
import { ask, type Context, expressionFailure } from "./context.ts";
import type { Endpoint } from "./references.ts";
import { mayHaveHappened } from "./repeats.ts";
import type { Write, WriteStep } from "./writes.ts";

/** How many deletions and disablements are let pass within an hour, by resource type. */
export interface GuardLimits {
  readonly deletes?: number | undefined;
  readonly disables?: number | undefined;
  /** Of both together, in per cent of what there is of the type. */
  readonly percent?: number | undefined;
}

/** What is counted. */
export type Danger = "deletes" | "disables";

/** A dangerous change of one entry. */
export interface Endangered {
  readonly route: string;
  /** The resource type. */
  readonly type: string;
  readonly danger: Danger;
  readonly key: string;
}

/** What became of a change that had a place. */
export type Fate = "done" | "unknown" | "not done";

/** Keeps count of dangerous changes, over restarts, and over all gateways that share it. */
export interface GuardLedger {
  /**
   * Takes a place for a change in one step, so that of many at once no more than are allowed get one. An entry counts once.
   * `passed` where it has a place, or was released; `stopped` where there is none left: the entry is then listed.
   */
  readonly reserve: (
    change: Endangered,
    limits: { readonly own: number | undefined; readonly both: number | undefined },
    about: { readonly caller: string | undefined; readonly requestId: string },
  ) => Promise<"passed" | "stopped">;
  /** Says what became of it. The place is given back only where it is known that nothing was changed. */
  readonly settle: (change: Endangered, fate: Fate) => Promise<void>;
}

/** What there is of a type is counted no more often than this, in milliseconds. */
const COUNTED_MS = 600_000;

/**
 * Stops deletions and disablements above limits until an operator releases them: a wrong scope in the client must not empty
 * a directory. They are 503 until the hour is over or somebody releases them; everything else goes on.
 */
export function guarded(
  route: string,
  limits: GuardLimits,
  ledger: GuardLedger,
  refused: (change: Endangered, context: Context) => void,
  unsettled: (change: Endangered, error: Error) => void,
): WriteStep {
  const totals = new Map<string, { total: number; at: number }>();
  const totalOf = async (write: Write): Promise<number> => {
    const { endpoint, context } = write;
    const { name } = endpoint.mapping.type;
    const known = totals.get(name);
    if (known && Date.now() - known.at < COUNTED_MS) return known.total;
    const { total = 0 } = await ask(context, endpoint, "search", { attrs: [], limit: 0, count: true });
    totals.set(name, { total, at: Date.now() });
    return total;
  };

  return (next) => async (write) => {
    const danger = await dangerOf(write);
    if (!danger || write.action === "create") return next(write);
    const { caller, requestId } = write.context;
    const { [danger]: own, percent } = limits;
    // Asked before a place is taken: from there on nothing else may be let in between.
    const both = percent === undefined ? undefined : Math.ceil(((await totalOf(write)) * percent) / 100);
    const change = { route, type: write.endpoint.mapping.type.name, danger, key: write.key };
    const reserving = ledger.reserve(change, { own, both }, { caller, requestId });
    const place = await abortable(write.context.signal, reserving).catch((error: Error) => {
      // A place that comes too late is given back.
      reserving.then((late) => (late === "passed" ? ledger.settle(change, "not done") : undefined)).catch(() => {});
      write.context.note({ guard: error.message });
      throw notNow("The change guard cannot count at present: its store fails. Nothing was changed.", "guard");
    });
    if (place === "stopped") {
      refused(change, write.context);
      throw stopped(change, limits);
    }
    const outcome = await next(write).then(
      (entry) => ({ entry, fate: "done" as const }),
      (error: unknown) => ({ error, fate: mayHaveHappened(error) ? ("unknown" as const) : ("not done" as const) }),
    );
    // What became of the write is told as it is. A place that cannot be settled stays taken, which is the safe side.
    // It is settled behind where the store takes longer than the request has.
    await abortable(write.context.signal, ledger.settle(change, outcome.fate)).catch((error) =>
      unsettled(change, error),
    );
    if ("error" in outcome) throw outcome.error;
    return outcome.entry;
  };
}

function stopped({ type, danger, route }: Endangered, limits: GuardLimits): ScimError {
  const { [danger]: own, percent } = limits;
  const bounds = [
    ...(own === undefined ? [] : [`${own} ${danger}`]),
    ...(percent === undefined ? [] : [`${percent} per cent`]),
  ];
  return notNow(
    `The change guard stopped this: ${bounds.join(" or ")} of ${type} in an hour are all that safety.guard allows. An operator can release it: postern guard release ${route} --reason "...".`,
    "guard",
  );
}

async function dangerOf(write: Write): Promise<Danger | undefined> {
  if (write.action === "delete") return "deletes";
  return write.action === "update" && (await disables(write)) ? "disables" : undefined;
}

/**
 * Whether changes leave `active` anything but true: false, or no value at all. It is read from the entry as it will be, by
 * whatever the mapping reads it from, an expression among it.
 */
async function disables(write: Extract<Write, { action: "update" }>): Promise<boolean> {
  const { endpoint, changes, context, key } = write;
  const selection = selectionOf(endpoint);
  const touched = selection ? changes.filter(({ attr }) => selection.attrs.includes(attr)) : [];
  if (!selection || touched.length === 0) return false;
  const { mapping } = endpoint;
  const known = new Set(changes.filter(({ op }) => op === "replace" || op === "swap").map(({ attr }) => attr));
  const isKnown = selection.attrs.every((attr) => known.has(attr) || attr === mapping.id.attr);
  const present = isKnown ? {} : ((await ask(context, endpoint, "get", { key, attrs: selection.attrs })) ?? {});
  // What a swap expects is the write's to check.
  const settled = touched.map((change) =>
    change.op === "swap"
      ? ({ op: "replace", attr: change.attr, values: change.to === null ? [] : [change.to] } as const)
      : change,
  );
  const nowhere = { references: { toId: () => undefined, toReference: () => undefined }, location: () => "" };
  try {
    const resource = await readEntry(selection, applyChanges(present, settled), nowhere);
    return resource.active !== true;
  } catch (error) {
    throw expressionFailure(error);
  }
}

const selections = new WeakMap<Mapping, ReturnType<typeof select> | null>();

/** The rows that `active` is read from; null where there are none. */
function selectionOf({ mapping }: Endpoint) {
  const known = selections.get(mapping);
  if (known !== undefined) return known;
  const isActive = ({ path, writeOnly }: Row) =>
    !writeOnly && path.attribute.name === "active" && path.schema === mapping.type.schema;
  const selection = mapping.rows.some(isActive) ? select(mapping, isActive) : null;
  selections.set(mapping, selection);
  return selection;
}
