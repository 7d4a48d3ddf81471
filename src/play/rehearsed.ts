import type { BackendOperation, Change, Connector, Entry, GetRequest } from "../connector/connector.ts";
import { ConnectorError } from "../connector/error.ts";
import { applyChanges, matches, valuesPut } from "../connector/reference.ts";
import { changeText, conditionText } from "../connector/text.ts";
import { HIDDEN } from "../journal/redact.ts";
import { type Mapping, secretAttrs } from "../mapping/mapping.ts";
import { inventor } from "./invented.ts";
import type { AskedCall } from "./shown.ts";

/** A connector without its writes: whoever holds it cannot change anything. */
export type Reading = Omit<Connector, "create" | "update" | "delete">;

/** What a trial takes for granted, and where it notes what would be asked. */
export interface Rehearsing {
  /** The connector's name in the configuration. */
  readonly name: string;
  readonly mappings: readonly Mapping[];
  /** The entry as it is. Without one it is made up, or read if the trial is live. */
  readonly entry: Entry | undefined;
  /** Whether the entry has nothing else. Otherwise what a change needs of it is made up. */
  readonly whole: boolean;
  /** Whether the backend is asked for entries and references. */
  readonly live: boolean;
  /** Whether a list is asked for. If not, searches are look-ups of references by an attribute. */
  readonly isQuery: boolean;
  /** Whether the backend is asked which parts of a search its indexes do not answer. */
  readonly slow: boolean;
  readonly note: (asked: AskedCall) => void;
}

/** Asking a backend about its indexes may take this long, in milliseconds. */
const SLOW_MS = 10_000;

/** Stands in for a connector: notes what it would be asked, writes nothing, and answers as if all of it had been done. */
export function rehearsed(reading: Reading, rehearsing: Rehearsing): Connector {
  const { name: connector, mappings, entry, whole, live, isQuery, slow, note } = rehearsing;
  const isRead = live && !entry;
  const invent = inventor();
  const { resolve, outside } = reading;
  const keyed = (kind: string, key: string): Entry => ({ [reading.kinds.get(kind)!.key]: key });
  const mappingOf = (kind: string) => mappings.find((each) => each.kind === kind)!;
  // Of an entry only what matters has to be given.
  const assumed = (kind: string): Entry => ({ ...(entry && whole ? {} : madeUp(mappingOf(kind))), ...entry });

  async function asked(operation: BackendOperation, more: Partial<AskedCall>): Promise<void> {
    note({ connector, call: operation.type, kind: operation.kind, native: await reading.explain(operation), ...more });
  }

  /** The entry before a change. */
  async function before({ kind, key, attrs, signal }: GetRequest): Promise<Entry> {
    if (attrs.length === 0) return {};
    return isRead ? ((await reading.get({ kind, key, attrs, signal })) ?? {}) : assumed(kind);
  }

  const lookUp: Connector["resolve"] = async (request) => {
    const { kind, to, values } = request;
    note({ connector, call: "resolve", kind, native: "", to, values });
    if (live) return resolve!(request);
    return new Map(values.map((value) => [value, reading.anyKind?.referenceTo(value) ?? `<the ${kind} ${value}>`]));
  };

  return {
    ...reading,
    search: async (search) => {
      const { signal: _, ...request } = search;
      const { kind, where, attrs, limit, count } = request;
      const found = slow && where ? ((await reading.slow?.(kind, where, AbortSignal.timeout(SLOW_MS))) ?? []) : [];
      const condition = where && { where: conditionText(where) };
      await asked({ type: "search", ...request }, { ...condition, attrs, ...(found.length > 0 && { slow: found }) });
      if (!isQuery && live) return reading.search(search);
      if (!isQuery) return { entries: where ? invent(kind, reading.kinds.get(kind)!.key, where, attrs) : [] };
      const held = entry && { ...keyed(kind, "1"), ...entry };
      const entries = held && limit > 0 && (!where || matches(held, where)) ? [picked(held, attrs)] : [];
      return { entries, ...(count && { total: entries.length }) };
    },
    get: async (request) => {
      const { signal: _, ...read } = request;
      const { kind, key, attrs } = request;
      const made = isRead ? {} : assumed(kind);
      await asked({ type: "get", ...read }, { attrs, ...(Object.keys(made).length > 0 && { assumed: made }) });
      return isRead ? reading.get(request) : { ...made, ...keyed(kind, key) };
    },
    create: async ({ signal: _, ...request }) => {
      const { kind, attrs } = request;
      const entry = withoutSecrets(request.entry, mappingOf(kind));
      await asked({ type: "create", ...request, entry }, { entry });
      return { ...picked(request.entry, attrs), ...keyed(kind, "new") };
    },
    update: async ({ signal, ...request }) => {
      const { kind, key, attrs } = request;
      const changes = request.changes.map((change) => changeWithoutSecrets(change, mappingOf(kind)));
      await asked({ type: "update", ...request, changes }, { changes: changes.map(changeText) });
      const present = await before({ kind, key, attrs, signal });
      return { ...picked(after(present, request.changes), attrs), ...keyed(kind, key) };
    },
    delete: async ({ signal: _, ...request }) => asked({ type: "delete", ...request }, {}),
    ...(resolve && { resolve: lookUp }),
    ...(outside && { outside: live ? outside : async () => new Map() }),
  };
}

/** What an entry must hold for a change of it to be worked out: a value where one is required, and where one is kept in part. */
function madeUp({ rows, type }: Mapping): Entry {
  const needed = rows.flatMap((row): [string, string | number][] => {
    if (row.is !== "attr" || row.readOnly) return [];
    if (row.codec.keepsRest) return [[row.attr, 0]];
    return row.path.attribute.required && row.path.schema === type.schema ? [[row.attr, "as it is"]] : [];
  });
  return Object.fromEntries(needed);
}

/** An entry after changes; where they do not fit what was made up, at least with what they set. */
function after(entry: Entry, changes: readonly Change[]): Entry {
  try {
    return applyChanges(entry, changes);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { ...entry, ...valuesPut(changes) };
  }
}

const picked = (entry: Entry, attrs: readonly string[]): Entry =>
  Object.fromEntries(attrs.filter((attr) => entry[attr] !== undefined).map((attr) => [attr, entry[attr]]));

const withoutSecrets = (entry: Entry, mapping: Mapping): Entry => {
  const secret = secretAttrs(mapping);
  return Object.fromEntries(
    Object.entries(entry).map(([attr, value]) => [attr, secret.has(attr) ? HIDDEN.secret : value]),
  );
};

function changeWithoutSecrets(change: Change, mapping: Mapping): Change {
  if (!secretAttrs(mapping).has(change.attr)) return change;
  if (change.op === "swap") return { ...change, from: HIDDEN.secret, to: HIDDEN.secret };
  return { ...change, values: change.values.map(() => HIDDEN.secret) };
}
