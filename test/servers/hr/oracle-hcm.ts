import { isUser, startHr } from "./server.ts";

type Assignment = Readonly<Record<string, unknown>>;
/** A worker with relationships and assignments of all times. */
export interface Worker {
  readonly PersonNumber: string;
  readonly workRelationships?: readonly {
    readonly StartDate: string;
    readonly assignments?: readonly Assignment[];
    readonly [name: string]: unknown;
  }[];
  readonly [name: string]: unknown;
}

/** No answer has more than so many. */
const MOST = 20;

/** A worker as of a day: what of an assignment is in effect then. */
function asOf(worker: Worker, day: string): Worker {
  const isValid = ({ EffectiveStartDate: from = "", EffectiveEndDate: to = "4712-12-31" }: Assignment) =>
    String(from) <= day && day <= String(to);
  return {
    ...worker,
    ...(worker.workRelationships && {
      workRelationships: worker.workRelationships.map((relation) => ({
        ...relation,
        assignments: (relation.assignments ?? []).filter(isValid),
      })),
    }),
  };
}

/** What is not expanded is not in the answer. */
const expanded = (worker: Worker, expand: string) =>
  Object.fromEntries(
    Object.entries(worker).filter(([name, value]) => !Array.isArray(value) || new RegExp(`\\b${name}\\b`).test(expand)),
  );

/**
 * Oracle Fusion's resource workers: `items`, `hasMore`, `offset`, fewer at a time than were asked for, no total unless it is asked for, no
 * promised order unless one is asked for, and values as of a day.
 */
export const startOracleHcm = () => {
  let turn = 0;
  return startHr<Worker>((request, people) => {
    const { path, query } = request;
    if (!isUser(request, "POSTERN", "secret")) return { status: 401, body: "" };
    if (path !== "/hcmRestApi/resources/11.13.18.05/workers") return { status: 404, body: "" };
    turn++;
    const number = /^PersonNumber='((?:[^']|'')*)'$/.exec(query.get("q") ?? "")?.[1]?.replaceAll("''", "'");
    const found = people.filter(({ PersonNumber }) => number === undefined || PersonNumber === number);
    const ordered =
      query.get("orderBy") === "PersonNumber"
        ? found.toSorted((a, b) => (a.PersonNumber < b.PersonNumber ? -1 : 1))
        : [...found.slice(turn % 7), ...found.slice(0, turn % 7)];
    const offset = Number(query.get("offset") ?? 0);
    const limit = Math.min(Number(query.get("limit") ?? 25), MOST);
    const day = query.get("effectiveDate") ?? new Date().toISOString().slice(0, 10);
    const items = ordered
      .slice(offset, offset + limit)
      .map((each) => expanded(asOf(each, day), query.get("expand") ?? ""));
    return {
      body: {
        items,
        count: items.length,
        hasMore: offset + items.length < found.length,
        limit,
        offset,
        ...(query.get("totalResults") === "true" && { totalResults: found.length }),
        ...(query.get("onlyData") !== "true" && { links: [] }),
      },
    };
  });
};
