import { valuesPut } from "../connector/reference.ts";
import type { Mapping, Row } from "../mapping/mapping.ts";
import { readEntry } from "../mapping/read.ts";
import { select } from "../mapping/selection.ts";
import { notNow } from "../scim/error.ts";
import { ask } from "./context.ts";
import type { Endpoint } from "./references.ts";
import type { Layer, Write } from "./writes.ts";

/** How much may be deleted and disabled within an hour, by resource type. */
export interface GuardLimits {
  readonly deletes?: number | undefined;
  readonly disables?: number | undefined;
  /** Of both together, in per cent of what there is of the type. */
  readonly percent?: number | undefined;
}

type Kind = "deletes" | "disables";
const WINDOW_MS = 3_600_000;
/** What there is of a type is counted no more often than this, in milliseconds. */
const COUNTED_MS = 600_000;

/** What was deleted and disabled lately, on one route. It outlives a change of the configuration. */
export interface GuardState {
  /** Whether something was refused, and how much was let pass, by type. */
  readonly status: () => readonly {
    readonly type: string;
    readonly deletes: number;
    readonly disables: number;
    readonly stopped: boolean;
  }[];
  /** Starts counting anew. */
  readonly release: () => void;
  /** The times at which each entry was deleted or disabled, by type: an entry counts once. */
  readonly passed: Map<string, Record<Kind, Map<string, number>>>;
  readonly stopped: Set<string>;
}

export function createGuardState(): GuardState {
  const passed: GuardState["passed"] = new Map();
  const stopped = new Set<string>();
  return {
    passed,
    stopped,
    status: () =>
      [...passed].map(([type, { deletes, disables }]) => ({
        type,
        deletes: recent(deletes),
        disables: recent(disables),
        stopped: stopped.has(type),
      })),
    release: () => {
      passed.clear();
      stopped.clear();
    },
  };
}

/** How many are within the window; those that are not are forgotten. */
function recent(times: Map<string, number>): number {
  const since = Date.now() - WINDOW_MS;
  for (const [key, time] of times) {
    if (time >= since) break;
    times.delete(key);
  }
  return times.size;
}

/**
 * Stops deletions and disablements that are more than can be meant: a wrong scope in the client must not empty a
 * directory. They are 503 until the hour is over or an operator releases them; everything else goes on.
 */
export function guarded(
  limits: GuardLimits,
  { passed, stopped }: GuardState,
  refused: (type: string, kind: Kind) => void,
): Layer {
  const totals = new Map<string, { total: number; at: number }>();
  const total = async (write: Write): Promise<number> => {
    const { endpoint, context } = write;
    const { name } = endpoint.mapping.type;
    const known = totals.get(name);
    if (known && Date.now() - known.at < COUNTED_MS) return known.total;
    const { kind } = endpoint.mapping;
    const { total: counted = 0 } = await ask(context, () =>
      endpoint.connector.search({ kind, attrs: [], limit: 0, count: true, signal: context.signal }),
    );
    totals.set(name, { total: counted, at: Date.now() });
    return counted;
  };

  return (next) => async (write) => {
    const kind = await dangerOf(write);
    if (!kind || write.action === "create") return next(write);
    const type = write.endpoint.mapping.type.name;
    const counts = passed.get(type) ?? { deletes: new Map(), disables: new Map() };
    passed.set(type, counts);
    if (!counts[kind].has(write.key)) {
      const { [kind]: most, percent } = limits;
      const both = recent(counts.deletes) + recent(counts.disables);
      const isOverShare = percent !== undefined && both >= ((await total(write)) * percent) / 100;
      const isOverCount = most !== undefined && recent(counts[kind]) >= most;
      if (isOverCount || isOverShare) {
        stopped.add(type);
        refused(type, kind);
        const bound = isOverCount ? `${most} ${kind}` : `${percent} per cent`;
        throw notNow(
          `The change guard stopped this: ${bound} of ${type} in an hour are all that safety.guard allows. An operator can release it: postern guard release.`,
        );
      }
    }
    // Counted before it is made: of many at once no more than are allowed pass.
    const before = counts[kind].get(write.key);
    counts[kind].delete(write.key);
    counts[kind].set(write.key, Date.now());
    try {
      return await next(write);
    } catch (error) {
      if (before === undefined) counts[kind].delete(write.key);
      throw error;
    }
  };
}

async function dangerOf(write: Write): Promise<Kind | undefined> {
  if (write.action === "delete") return "deletes";
  return write.action === "update" && (await disables(write.endpoint, write)) ? "disables" : undefined;
}

const selections = new WeakMap<Mapping, ReturnType<typeof select> | null>();

/** Whether changes make `active` false: the attributes that it is read from are changed to what it is false by. */
async function disables({ mapping }: Endpoint, { changes }: Extract<Write, { action: "update" }>): Promise<boolean> {
  const selection = selectionOf(mapping);
  if (!selection) return false;
  const touched = changes.filter(({ attr }) => selection.attrs.includes(attr));
  if (touched.length === 0) return false;
  const nowhere = { references: { toId: () => undefined, toReference: () => undefined }, location: () => "" };
  const resource = await readEntry(selection, valuesPut(touched), nowhere);
  return resource.active === false;
}

function selectionOf(mapping: Mapping) {
  const known = selections.get(mapping);
  if (known !== undefined) return known;
  const isActive = ({ path }: Row) => path.attribute.name === "active" && path.schema === mapping.type.schema;
  const selection = mapping.rows.some(isActive) ? select(mapping, isActive) : null;
  selections.set(mapping, selection);
  return selection;
}
