import { DatabaseSync } from "node:sqlite";
import type { Bookmark, SearchRequest, SearchResult } from "../../src/connector/connector.ts";
import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import { expired, isCount } from "../../src/connector/paging.ts";
import { listAt } from "../../src/http/items.ts";
import type { Api } from "./api.ts";
import { inTurns, type Json } from "./entries.ts";
import type { RestKind } from "./kind.ts";
import { callAt, checkAnswered, checkEnd, noList, START } from "./lists.ts";
import { type Reads, searchScope } from "./reads.ts";

/** Lists that an API returns at once, read once and served page by page. */
export interface Snapshots {
  /** A page of the list, in order of keys. */
  readonly search: (kind: RestKind, request: SearchRequest) => Promise<SearchResult>;
  /** An entry by its key. */
  readonly get: (kind: RestKind, key: string, signal: AbortSignal) => Promise<Json | undefined>;
  /** The keys that belong to entries of the kind, each checked by itself. */
  readonly among: (
    kind: RestKind,
    keys: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, string>>;
  readonly close: () => void;
}

/** A snapshot of a list. */
interface Snapshot {
  readonly rows: Rows;
  /** When it was requested, in milliseconds since the process started. */
  readonly since: number;
  /** Whether it has served anybody. One whose readers gave up stays valid for the next caller, who would otherwise start over forever. */
  isServed: boolean;
}

/** A listing continues on its snapshot for this long, in milliseconds; then the data is deleted. */
const HOLD_MS = 3_600_000;

/** Snapshots of an API's lists, for the kinds with `search.snapshot`. */
export function snapshotsOf(api: Api, reads: Reads): Snapshots {
  const current = new Map<string, Snapshot>();
  const coming = new Map<string, Promise<Snapshot>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const ended = new AbortController();

  const drop = (name: string) => {
    clearTimeout(timers.get(name));
    current.get(name)?.rows.close();
    current.delete(name);
  };
  const readAnew = (kind: RestKind): Promise<Snapshot> => {
    const reading = read(api, reads, kind, ended.signal).then((snapshot) => {
      drop(kind.name);
      current.set(kind.name, snapshot);
      timers.set(kind.name, setTimeout(() => drop(kind.name), HOLD_MS).unref());
      return snapshot;
    });
    coming.set(kind.name, reading);
    reading.catch(() => {}).finally(() => coming.delete(kind.name));
    return reading;
  };
  /** A snapshot that is recent enough or, for a listing that has started, the existing one. */
  const snapshotFor = async (kind: RestKind, isBegun: boolean, signal: AbortSignal): Promise<Snapshot> => {
    const present = current.get(kind.name);
    const isYoung = present && performance.now() - present.since <= kind.search.snapshot!.seconds * 1000;
    const isUsable = present && (isYoung || isBegun || !present.isServed);
    const snapshot = isUsable
      ? present
      : await abortable(signal, coming.get(kind.name) ?? readAnew(kind)).catch((error) => {
          // Reading continues when a caller gives up: the next one finds it further, or done.
          throw error instanceof ConnectorError || !signal.aborted ? error : stillReading(kind, error);
        });
    snapshot.isServed = true;
    return snapshot;
  };

  return {
    search: async (kind, { bookmark, offset = 0, limit, attrs, count, signal }) => {
      const behind = bookmark && positionOf(bookmark);
      const { rows } = await snapshotFor(kind, behind !== undefined || offset > 0, signal);
      const found = rows.page(behind, behind ? 0 : offset, limit + 1);
      const shown = found.slice(0, limit);
      const entries = await inTurns(shown, ({ item }) => reads.pick(kind, item, attrs, signal));
      const last = found.length > limit ? shown.at(-1) : undefined;
      return { entries, ...(count && { total: rows.count }), ...(last && { next: [last.key, last.n] }) };
    },
    get: async (kind, key, signal) => (await snapshotFor(kind, false, signal)).rows.get(key),
    among: async (kind, keys, signal) => {
      const { rows } = await snapshotFor(kind, false, signal);
      return new Map(keys.filter((key) => rows.get(key) !== undefined).map((key) => [key, key]));
    },
    close: () => {
      ended.abort();
      for (const name of [...current.keys()]) drop(name);
    },
  };
}

const stillReading = ({ name }: RestKind, cause: unknown): ConnectorError =>
  new ConnectorError("busy", `The API's list of ${name} entries is still being read: try again in a minute.`, {
    cause,
  });

/** Reads a whole list from the API into a temporary database. Rejects if any part is missing. */
async function read(api: Api, reads: Reads, kind: RestKind, signal: AbortSignal): Promise<Snapshot> {
  const snapshot = kind.search.snapshot!;
  const { path, timeout, maxBytes, maxItems } = snapshot;
  const since = performance.now();
  let rows = openRows();
  const take = async (items: readonly unknown[]) => {
    const all = await inTurns(items, (each) => reads.itemOf(kind, each));
    const own = await inTurns(all, (item) => reads.isWithin(kind, item));
    rows.add(all.flatMap((item, index) => (own[index] ? [{ key: reads.keyIn(kind, item), item }] : [])));
    if (rows.count > maxItems)
      throw new ConnectorError("unavailable", `The API's list has more than snapshot.maxItems, ${maxItems}.`);
  };
  const begin = () => {
    rows.close();
    rows = openRows();
  };
  try {
    const call = await callAt(kind.search, await searchScope(kind, { attrs: [] }), START, maxItems);
    const answer = await api.read({ ...call, items: { path, begin, take }, bounds: { timeout, maxBytes } }, signal);
    const list = listAt(answer.body, path);
    if (!list) {
      checkAnswered(answer, call);
      throw new ConnectorError(
        "unavailable",
        `The API's response to ${call.method} ${call.path} has no list at items.`,
      );
    }
    // Recorded responses are not streamed.
    if (!answer.isTaken) await take(list);
    await checkEnd(kind.search, answer, rows.count);
    return { rows, since, isServed: false };
  } catch (error) {
    rows.close();
    throw isNotFound(error) ? noList(kind, error) : error;
  }
}

interface Row {
  readonly key: string;
  /** Distinguishes items with the same key. */
  readonly n: number;
  readonly item: Json;
}

/** The items of a list by key, in a temporary file that nobody else can open and that disappears with the process. */
interface Rows {
  readonly add: (rows: readonly Omit<Row, "n">[]) => void;
  readonly page: (behind: Pick<Row, "key" | "n"> | undefined, offset: number, limit: number) => readonly Row[];
  readonly get: (key: string) => Json | undefined;
  readonly count: number;
  readonly close: () => void;
}

/** SQLite's cache, in KiB. */
const CACHE_KIB = 8192;

function openRows(): Rows {
  // A database without a name is a temporary file, which SQLite deletes as soon as it is open.
  const database = new DatabaseSync("");
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE rows (key TEXT, n INTEGER, item TEXT, PRIMARY KEY (key, n)) WITHOUT ROWID`);
  const insert = database.prepare(
    "INSERT INTO rows SELECT :key, coalesce(max(n) + 1, 0), :item FROM rows WHERE key = :key",
  );
  const select = database.prepare(
    "SELECT key, n, item FROM rows WHERE (key, n) > (:key, :n) ORDER BY key, n LIMIT :limit OFFSET :offset",
  );
  const one = database.prepare("SELECT item FROM rows WHERE key = ? ORDER BY n LIMIT 1");
  let count = 0;
  return {
    add: (rows) => {
      database.exec("BEGIN");
      for (const { key, item } of rows) insert.run({ key, item: JSON.stringify(item) });
      database.exec("COMMIT");
      count += rows.length;
    },
    page: (behind, offset, limit) =>
      select
        .all({ key: behind?.key ?? "", n: behind?.n ?? -1, limit, offset })
        .map(({ key, n, item }) => ({ key: String(key), n: Number(n), item: JSON.parse(String(item)) as Json })),
    get: (key) => {
      const found = one.get(key);
      return found && (JSON.parse(String(found.item)) as Json);
    },
    get count() {
      return count;
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** The position of a bookmark. Throws `expired` for a bookmark of another list. */
function positionOf([key, n, ...more]: Bookmark): Pick<Row, "key" | "n"> {
  if (typeof key !== "string" || !isCount(n) || more.length > 0) throw expired();
  return { key, n };
}
