/** Rows of a list, and the one behind which it goes on; undefined at the list's end. */
export interface Cut<Row> {
  readonly rows: readonly Row[];
  readonly last: Row | undefined;
}

/** Cuts a page out of a list. Asks for one row more than it shows, so that the last page is never an empty one. */
export async function cutOf<Row>(
  limit: number,
  ask: (limit: number) => readonly Row[] | Promise<readonly Row[]>,
): Promise<Cut<Row>> {
  const found = await ask(limit + 1);
  const rows = found.slice(0, limit);
  return { rows, last: found.length > limit ? rows.at(-1) : undefined };
}
