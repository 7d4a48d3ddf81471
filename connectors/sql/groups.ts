import type { Entry, SearchRequest } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { groupEntry, groupKeyOf, groupKeysStatement, groupRows, groupRowsStatement, ROWS } from "./grouped.ts";
import type { SqlKind } from "./kind.ts";
import type { Session } from "./session.ts";
import { attrsRead } from "./statements.ts";

/** Maximum number of keys in one statement: databases limit the number of parameters. */
export const KEYS_AT_ONCE = 500;

/** A page of entries with their rows. If another page follows, one more entry with only its key. */
export async function readGroups(session: Session, of: SqlKind, request: SearchRequest): Promise<Entry[]> {
  const { limit, count, signal } = request;
  const statement = groupKeysStatement(of, { ...request, limit: count ? limit + 1 : limit });
  const { rows } = await session.read(statement, signal);
  const keys = rows.map((row) => groupKeyOf(of, row as Record<string, unknown>));
  const attrs = attrsRead(of, request);
  if (!attrs.includes(ROWS)) return keys.map((key) => groupEntry(of, key, undefined, attrs));
  const entries: Entry[] = [];
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const some = keys.slice(at, Math.min(at + KEYS_AT_ONCE, limit));
    const found = some.length > 0 ? await rowsIn(session, of, some, signal) : new Map<string, readonly Entry[]>();
    for (const key of some) {
      if (found.get(key)!.length === 0) throw changedMeanwhile(of);
      entries.push(groupEntry(of, key, found.get(key), attrs));
    }
  }
  return [...entries, ...keys.slice(limit).map((key) => groupEntry(of, key, undefined, attrs))];
}

/** An incomplete page must not be taken for a complete one. */
const changedMeanwhile = ({ name }: SqlKind) =>
  new ConnectorError("unavailable", `Rows of ${name.table} were deleted while the page was read. Try again.`, {
    isAnswered: true,
  });

/** The entry with a key and its rows. */
export async function readGroup(
  session: Session,
  of: SqlKind,
  key: string,
  attrs: readonly string[],
  signal: AbortSignal,
): Promise<Entry | undefined> {
  const rows = (await rowsIn(session, of, [key], signal)).get(key)!;
  return rows.length > 0 ? groupEntry(of, key, rows, attrs) : undefined;
}

async function rowsIn(session: Session, of: SqlKind, keys: readonly string[], signal: AbortSignal) {
  const { rows } = await session.read(groupRowsStatement(of, keys), signal);
  return groupRows(of, keys, rows as readonly Record<string, unknown>[]);
}
