import { isUser, startHr } from "./server.ts";

/** A row of the report: columns by their aliases. */
export type Worker = Readonly<Record<string, unknown>>;

/** The columns that are groups: they stand in a row as arrays, also of one. */
const isFilled = (value: unknown) => value !== undefined && value !== null && value !== "";

/**
 * Workday's reports as a service: one answer with all rows, without pages; a column that is empty in a row is not there; without `format=json` the answer is
 * XML.
 */
export const startWorkday = () =>
  startHr<Worker>((request, people) => {
    if (!isUser(request, "ISU_Postern@example", "secret")) return { status: 401, body: "<error/>" };
    if (request.path !== "/ccx/service/customreport2/example/ISU_Postern/Postern_Workers")
      return { status: 404, body: "<error>invalid report</error>" };
    if (request.query.get("format") !== "json") return { body: "<wd:Report_Data/>" };
    const rows = people.map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => isFilled(value))));
    return { body: { Report_Entry: rows } };
  });
