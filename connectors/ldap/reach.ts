import { AndFilter, EqualityFilter, type Filter, OrFilter, PresenceFilter } from "ldapts";
import { type Entry, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";

/**
 * Whether an entry as it was written surely meets a filter. Where this says no, the directory has to be asked: it knows more, such
 * as the classes above a class, and what its overlays add.
 */
export function surelyMeets(filter: Filter, entry: Entry): boolean {
  const values = (attribute: string) => {
    const name = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase());
    return name === undefined ? [] : valuesOf(entry, name).map((value) => String(value).toLowerCase());
  };
  if (filter instanceof AndFilter) return filter.filters.every((each) => surelyMeets(each, entry));
  if (filter instanceof OrFilter) return filter.filters.some((each) => surelyMeets(each, entry));
  if (filter instanceof PresenceFilter)
    return filter.attribute.toLowerCase() === "objectclass" || values(filter.attribute).length > 0;
  if (filter instanceof EqualityFilter) return values(filter.attribute).includes(String(filter.value).toLowerCase());
  return false;
}

/**
 * A creation whose entry its own kind does not reach: no client would ever find it. `undo` takes it back; the failure says whether
 * that was done.
 */
export async function outOfReach(dn: string, filter: Filter, undo: () => Promise<unknown>): Promise<ConnectorError> {
  const why = `The entry that was made, ${dn}, does not meet its kind's filter ${filter}`;
  const advice = "Give what the filter asks for by the mapping's `create`";
  return undo().then(
    () => new ConnectorError("invalid", `${why}: it was deleted again. ${advice}.`),
    (error: Error) =>
      new ConnectorError("unavailable", `${why}, and could not be deleted again: it is there. ${error.message}`, {
        cause: error,
      }),
  );
}
