import type { Person } from "../state/person.ts";
import { HELD } from "../state/person.ts";
import { memoryOf, planOf } from "./person.ts";

/** The forms that a plan is shown in. */
export const FORMATS = ["table", "csv", "json", "html"] as const;
/** One of them. */
export type Format = (typeof FORMATS)[number];

/** What would happen to one person, as it is shown. */
export interface PlanLine {
  readonly key: string;
  readonly kind: string;
  readonly held: boolean;
  readonly reason: string;
  readonly changes: readonly { readonly name: string; readonly from: string; readonly to: string }[];
}

/** What is planned for a person; of somebody whom nothing can be done for, why. Undefined for who is as the rules want. */
export function planLine(person: Person): PlanLine | undefined {
  const plan = planOf(person);
  const { error, why, warnings = [] } = memoryOf(person);
  const { key } = person;
  if (plan) {
    const changes = plan.changes.map(({ name, from, to }) => ({ name, from: text(from), to: text(to) }));
    const more = [
      ...(plan.groups ? [{ name: "groups", from: "", to: plan.groups.map(({ name }) => name).join(", ") }] : []),
      ...(plan.strip ? [{ name: "groups", from: "all", to: "none" }] : []),
    ];
    return {
      key,
      kind: plan.kind,
      held: person.held === HELD.held,
      reason: plan.reason,
      changes: [...changes, ...more],
    };
  }
  if (error) return { key, kind: person.status, held: false, reason: error.message, changes: [] };
  if (person.status === "ignored" && why) return { key, kind: "ignored", held: false, reason: why, changes: [] };
  if (warnings.length > 0) return { key, kind: "warning", held: false, reason: warnings.join(" "), changes: [] };
  return undefined;
}

const text = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

const changesText = (line: PlanLine): string =>
  line.changes
    .map(({ name, from, to }) => `${name}: ${from === "" ? "" : `${from} -> `}${to === "" ? "(none)" : to}`)
    .join("; ");

/** Writes lines in a form, one after the other: what they begin with, each of them, what they end with. */
export function writerOf(format: Format, title: string) {
  switch (format) {
    case "json":
      return jsonWriter();
    case "csv":
      return {
        head: "key,kind,held,reason,changes\n",
        line: (line: PlanLine) =>
          `${[line.key, line.kind, String(line.held), line.reason, changesText(line)].map(csvCell).join(",")}\n`,
        tail: () => "",
      };
    case "html":
      return {
        head: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${html(title)}</title><style>body{font:14px system-ui;margin:2rem}table{border-collapse:collapse}td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}.held{background:#fff4d6}</style><h1>${html(title)}</h1><table><tr><th>Person<th>What<th>Why<th>Changes</tr>\n`,
        line: (line: PlanLine) =>
          `<tr${line.held ? ' class="held"' : ""}><td>${html(line.key)}<td>${html(line.kind)}${line.held ? " (held)" : ""}<td>${html(line.reason)}<td>${line.changes.map(({ name, from, to }) => `${html(name)}: <del>${html(from)}</del> <ins>${html(to)}</ins>`).join("<br>")}</tr>\n`,
        tail: () => "</table></html>\n",
      };
    default:
      return {
        head: "",
        line: (line: PlanLine) =>
          `${printable(line.key).padEnd(14)} ${`${line.kind}${line.held ? " (held)" : ""}`.padEnd(18)} ${printable(line.reason)}${line.changes.length > 0 ? `\n${line.changes.map(({ name, from, to }) => `${" ".repeat(34)}${name}: ${from === "" ? "" : `${printable(from)} -> `}${to === "" ? "(none)" : printable(to)}`).join("\n")}` : ""}\n`,
        tail: () => "",
      };
  }
}

function jsonWriter() {
  let isFirst = true;
  return {
    head: "[",
    line: (line: PlanLine) => {
      const before = isFirst ? "\n  " : ",\n  ";
      isFirst = false;
      return before + JSON.stringify(line);
    },
    tail: () => "\n]\n",
  };
}

/** A cell of CSV. A value that a spreadsheet would take for a formula is marked as text. */
const csvCell = (value: string): string => {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const html = (value: string): string => value.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
/** Without what a terminal would obey. */
const printable = (value: string): string => value.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, "?");
