import { abortable } from "../connector/kit/deadline.ts";
import { applyChanges } from "../connector/reference.ts";
import type { Mapping, Row } from "../mapping/mapping.ts";
import { readEntry } from "../mapping/read.ts";
import { select } from "../mapping/selection.ts";
import { notNow, ScimError } from "../scim/error.ts";
import { ask, type Context, expressionFailure } from "./context.ts";
import type { Endpoint } from "./references.ts";
import { mayHaveHappened } from "./repeats.ts";
import type { Write, WriteStep } from "./writes.ts";

/** Maximum deletions and disables per hour, by resource type. */
export interface GuardLimits {
  readonly deletes?: number | undefined;
  readonly disables?: number | undefined;
  /** Maximum of both together, as a percentage of the type's resources. */
  readonly percent?: number | undefined;
}

/** What is counted. */
export type Danger = "deletes" | "disables";

/** A dangerous change of an entry. */
export interface Endangered {
  readonly route: string;
  /** The resource type. */
  readonly type: string;
  readonly danger: Danger;
  readonly key: string;
}

/** The outcome of a change that was counted. */
export type Fate = "done" | "unknown" | "not done";

/** Counts dangerous changes across restarts and all gateways that share the store. */
export interface GuardLedger {
  /**
   * Counts a change atomically, so that simultaneous changes never exceed the limit. An entry counts once. Returns `passed` if it is within
   * the limit or was released, else `stopped`, and lists the entry as stopped.
   */
  readonly reserve: (
    change: Endangered,
    limits: { readonly own: number | undefined; readonly both: number | undefined },
    about: { readonly caller: string | undefined; readonly requestId: string },
  ) => Promise<"passed" | "stopped">;
  /** Reports the outcome. The count is reduced only if it is certain that nothing was changed. */
  readonly settle: (change: Endangered, fate: Fate) => Promise<void>;
}

/** Minimum interval between counts of a type's resources, in milliseconds. */
const COUNTED_MS = 600_000;

/**
 * Stops deletions and disables above the limits, so that a wrong scope in the client cannot empty a directory. They are rejected with 503
 * until the hour is over or an operator releases them. Everything else continues.
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
    // Determined before counting: nothing else may intervene after that.
    const both = percent === undefined ? undefined : Math.ceil(((await totalOf(write)) * percent) / 100);
    const change = { route, type: write.endpoint.mapping.type.name, danger, key: write.key };
    const reserving = ledger.reserve(change, { own, both }, { caller, requestId });
    const place = await abortable(write.context.signal, reserving).catch((error: Error) => {
      // A reservation that arrives too late is cancelled.
      reserving.then((late) => (late === "passed" ? ledger.settle(change, "not done") : undefined)).catch(() => {});
      write.context.note({ guard: error.message });
      throw notNow(
        "The change guard's store is unavailable, so the change cannot be counted. Nothing was changed. Try again later.",
        "guard",
      );
    });
    if (place === "stopped") {
      refused(change, write.context);
      throw stopped(change, limits);
    }
    const outcome = await next(write).then(
      (entry) => ({ entry, fate: "done" as const }),
      (error: unknown) => ({ error, fate: mayHaveHappened(error) ? ("unknown" as const) : ("not done" as const) }),
    );
    // The outcome of the write is reported in any case. A reservation that cannot be settled stays counted, which is the safe side.
    // It is settled in the background if the store takes longer than the request may.
    await abortable(write.context.signal, ledger.settle(change, outcome.fate)).catch((error) =>
      unsettled(change, error),
    );
    if ("error" in outcome) throw outcome.error;
    return outcome.entry;
  };
}

/** 503: the guard stopped a change. */
export class GuardStop extends ScimError {}

function stopped({ type, danger, route }: Endangered, limits: GuardLimits): GuardStop {
  const { [danger]: own, percent } = limits;
  const bounds = [
    ...(own === undefined ? [] : [`${own} ${danger}`]),
    ...(percent === undefined ? [] : [`${percent} per cent`]),
  ];
  return new GuardStop(
    503,
    undefined,
    `The change guard stopped this: safety.guard allows ${bounds.join(" or ")} of ${type} per hour. An operator can release it: postern guard release ${route} --reason "...".`,
    { refusal: "guard" },
  );
}

async function dangerOf(write: Write): Promise<Danger | undefined> {
  if (write.action === "delete") return "deletes";
  return write.action === "update" && (await disables(write)) ? "disables" : undefined;
}

/**
 * Reports whether changes set `active` to anything but true: false or no value. It is computed from the entry after the changes, in
 * whatever way the mapping reads it.
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
  // The write itself checks a swap's old value.
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

/** The rows that `active` is read from; null if there are none. */
function selectionOf({ mapping }: Endpoint) {
  const known = selections.get(mapping);
  if (known !== undefined) return known;
  const isActive = ({ path, writeOnly }: Row) =>
    !writeOnly && path.attribute.name === "active" && path.schema === mapping.type.schema;
  const selection = mapping.rows.some(isActive) ? select(mapping, isActive) : null;
  selections.set(mapping, selection);
  return selection;
}
