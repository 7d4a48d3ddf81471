import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EndpointAnswer, isFailure, openEndpoint } from "../src/cli/scim-endpoint.ts";
import type { Edit } from "../src/entra/directory.ts";
import { DEPARTMENTS, TITLES } from "../src/entra/population/cultures.ts";
import { randomOf } from "../src/entra/population/random.ts";
import { isEmployed, text } from "./company.ts";
import type { Part } from "./entra.ts";
import { pause } from "./process.ts";

/** Time between two exports, in milliseconds. */
const EXPORT_MS = 45_000;
/** Share of the company that is in the first export. Others are hired later. */
const FIRST = 0.25;
/** How many people a mistake of HR's gives a last day: more than the sync's guard lets pass. */
const MISTAKEN = 9;
const KEPT_FILES = 3;

const COLUMNS = [
  "EmployeeID",
  "FirstName",
  "LastName",
  "JobTitle",
  "Department",
  "ManagerID",
  "HireDate",
  "EndDate",
] as const;
type Employee = Record<(typeof COLUMNS)[number], string>;

/** Exports of HR, one after the other, until the demo ends. The sync runs behind each. */
export async function runHr(
  {
    folder,
    company,
    operations: url,
    token,
  }: { folder: string; company: readonly Edit[]; operations: string; token: string },
  { pace, say, signal }: Part,
): Promise<void> {
  const operations = openEndpoint({ url, token, timeout: 30 }, {});
  const people = employeesOf(company);
  const staff = people.splice(0, Math.max(12, Math.round(people.length * FIRST)));
  for (let number = 0; !signal.aborted; number++) {
    if (number > 0) say(`HR: ${change(staff, people, number)}`);
    writeExport(folder, number, staff);
    // The first run of a sync is held whole, unless somebody lets it happen.
    const answer = await operations.send("POST", "/syncs/hr-to-expenses/run", { first: number === 0 }, { signal });
    if (!signal.aborted) say(`HR: ${isFailure(answer) ? answer.failure : outcomeOf(answer)}`);
    await pause(EXPORT_MS / pace, signal);
  }
  await operations.close();
}

const outcomeOf = ({ status, json }: EndpointAnswer): string =>
  status === 200 ? `the sync is ${json.outcome}.` : `the sync did not run: ${json?.error ?? status}`;

function employeesOf(company: readonly Edit[]): Employee[] {
  const wanted = ["employeeId", "givenName", "surname", "department", "jobTitle"];
  const seen = new Set<string>();
  return company
    .filter((edit) => edit.type === "User" && isEmployed(edit) && wanted.every((name) => text(edit, name) !== ""))
    .filter((edit) => seen.size < seen.add(text(edit, "employeeId")).size)
    .map((edit, index) => ({
      EmployeeID: text(edit, "employeeId"),
      FirstName: text(edit, "givenName"),
      LastName: text(edit, "surname"),
      JobTitle: text(edit, "jobTitle"),
      Department: text(edit, "department"),
      ManagerID: "",
      HireDate: `20${10 + (index % 15)}-0${1 + (index % 9)}-01`,
      EndDate: "",
    }));
}

/** What changes before an export. Says it in a sentence. */
function change(staff: Employee[], others: Employee[], number: number): string {
  const { pick } = randomOf("hr", number);
  const present = () => staff.filter(({ EndDate }) => EndDate === "");
  const mistaken = () => staff.filter(({ EndDate }) => EndDate === MISTAKE);
  if (number % 5 === 2) {
    for (const each of present().slice(0, MISTAKEN)) each.EndDate = MISTAKE;
    return `an export in which ${MISTAKEN} people have a last day by mistake. The sync's guard holds them.`;
  }
  if (number % 5 === 0) {
    const corrected = mistaken();
    for (const each of corrected) each.EndDate = "";
    return `an export that corrects the last day of ${corrected.length} people.`;
  }
  const hired = others.shift();
  if (hired) staff.push({ ...hired, ManagerID: pick(present()).EmployeeID });
  const moved = pick(present());
  Object.assign(moved, { Department: pick(DEPARTMENTS), JobTitle: pick(TITLES) });
  const said = [hired && "a hire", "a move"];
  if (number % 5 === 1) {
    pick(present()).EndDate = LAST_DAY;
    said.push("a leaver");
  }
  return `an export with ${new Intl.ListFormat("en").format(said.filter((each) => each !== undefined))}.`;
}

/** The last day of leavers, and one that is nobody's in truth. */
const LAST_DAY = "2026-01-31";
const MISTAKE = "2025-12-31";

/** Writes an export under another name, and renames it: the gateway never sees half a file. */
function writeExport(folder: string, number: number, staff: readonly Employee[]): void {
  mkdirSync(folder, { recursive: true });
  const cell = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const lines = [COLUMNS.join(","), ...staff.map((each) => COLUMNS.map((name) => cell(each[name])).join(","))];
  const part = join(folder, ".export");
  writeFileSync(part, `${lines.join("\n")}\n`);
  renameSync(part, join(folder, `employees-${String(number).padStart(6, "0")}.csv`));
  const files = readdirSync(folder).filter((name) => name.endsWith(".csv"));
  for (const old of files.sort().slice(0, -KEPT_FILES)) rmSync(join(folder, old));
}
