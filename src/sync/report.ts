import type { Leases } from "../state/leases.ts";
import type { Person } from "../state/person.ts";
import { HELD } from "../state/person.ts";
import { INTERRUPTED, type RunRecord, type SyncStore } from "../state/syncs.ts";
import { isUnderWay } from "./lease.ts";
import { memoryOf, planOf } from "./person.ts";

/** Output formats of a plan. */
export const FORMATS = ["table", "csv", "json", "html"] as const;
/** One of them. */
export type Format = (typeof FORMATS)[number];

/** A planned change as shown. */
export interface PlanLine {
  readonly key: string;
  readonly kind: string;
  readonly held: boolean;
  readonly reason: string;
  readonly changes: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  /** Further information: unresolved references, unused records. */
  readonly notes: readonly string[];
}

/** A person's planned change, or why nothing can be done. Undefined if the account matches the rules. */
export function planLine(person: Person): PlanLine | undefined {
  const plan = planOf(person);
  const { error, why, warnings = [] } = memoryOf(person);
  const { key } = person;
  if (plan) {
    const changes = plan.changes.map(({ name, from, to }) => ({ name, from: text(from), to: text(to) }));
    const more = [
      ...(plan.groups ? [{ name: "groups", from: namesIn(plan.groupsNow), to: namesIn(plan.groups) }] : []),
      ...(plan.strip ? [{ name: "groups", from: "all", to: "none" }] : []),
    ];
    return {
      key,
      kind: plan.kind,
      held: person.held === HELD.held,
      reason: plan.reason,
      changes: [...changes, ...more],
      notes: warnings,
    };
  }
  if (error) return { key, kind: person.status, held: false, reason: error.message, changes: [], notes: warnings };
  if (person.status === "ignored" && why)
    return { key, kind: "ignored", held: false, reason: why, changes: [], notes: warnings };
  if (warnings.length > 0)
    return { key, kind: "warning", held: false, reason: warnings.join(" "), changes: [], notes: [] };
  return undefined;
}

const namesIn = (groups: readonly { readonly name: string }[] = []): string =>
  groups.map(({ name }) => name).join(", ");

/** A value as text; empty for none. */
export const text = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

const changesText = (line: PlanLine): string =>
  line.changes
    .map(({ name, from, to }) => `${name}: ${from === "" ? "" : `${from} -> `}${to === "" ? "(none)" : to}`)
    .join("; ");

/** Writes lines in a format: a start, lines and an end. */
export interface Writer {
  readonly head: string;
  readonly line: (line: PlanLine) => string;
  readonly tail: () => string;
}

/** The writer of a format. The title is used if the format has one. */
export function writerOf(format: Format, title: string): Writer {
  const writers: Readonly<Record<Format, () => Writer>> = {
    table: () => ({ head: "", line: tableLine, tail: () => "" }),
    csv: () => ({ head: "key,kind,held,reason,changes,notes\n", line: csvLine, tail: () => "" }),
    json: jsonWriter,
    html: () => ({ head: htmlHead(title), line: htmlLine, tail: () => "</table></html>\n" }),
  };
  return writers[format]();
}

const csvLine = (line: PlanLine): string => {
  const cells = [line.key, line.kind, String(line.held), line.reason, changesText(line), line.notes.join(" ")];
  return `${cells.map(csvCell).join(",")}\n`;
};

const INDENT = " ".repeat(34);

function tableLine({ key, kind, held, reason, changes, notes }: PlanLine): string {
  const what = `${kind}${held ? " (held)" : ""}`.padEnd(18);
  const changed = changes.map(
    ({ name, from, to }) =>
      `${INDENT}${name}: ${from === "" ? "" : `${printable(from)} -> `}${printable(to) || "(none)"}`,
  );
  const noted = notes.map((note) => `${INDENT}note: ${printable(note)}`);
  return `${[`${printable(key).padEnd(14)} ${what} ${printable(reason)}`, ...changed, ...noted].join("\n")}\n`;
}

const STYLE =
  "body{font:14px system-ui;margin:2rem}table{border-collapse:collapse}td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}.held{background:#fff4d6}";

const htmlHead = (title: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${html(title)}</title><style>${STYLE}</style><h1>${html(title)}</h1><table><tr><th>Person<th>What<th>Why<th>Changes</tr>\n`;

function htmlLine({ key, kind, held, reason, changes, notes }: PlanLine): string {
  const changed = changes.map(({ name, from, to }) => `${html(name)}: <del>${html(from)}</del> <ins>${html(to)}</ins>`);
  const why = [reason, ...notes].map(html).join("<br>");
  return `<tr${held ? ' class="held"' : ""}><td>${html(key)}<td>${html(kind)}${held ? " (held)" : ""}<td>${why}<td>${changed.join("<br>")}</tr>\n`;
}

function jsonWriter(): Writer {
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

/** A CSV cell. Values that a spreadsheet would take for formulas are marked as text. */
export const csvCell = (value: string): string => {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const html = (value: string): string => value.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
/** Removes characters that a terminal would interpret. */
export const printable = (value: string): string =>
  value.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, "?");

/** A sync to report on: its name and its state. */
export interface Looked {
  readonly sync: string;
  readonly leases: Leases;
  readonly store: SyncStore;
}

/** The last runs of a sync, latest first. A killed run becomes `interrupted` when its lease expires. */
export async function lastRuns({ leases, sync, store }: Looked, limit: number): Promise<readonly RunRecord[]> {
  const before = await store.runs(limit);
  const running = new Set(before.flatMap(({ run, outcome }) => (outcome === "running" ? [run] : [])));
  if (running.size === 0 || (await isUnderWay(leases, sync))) return before;
  // A run records its outcome before it releases its lease: what has none by now never will.
  return (await store.runs(limit)).map((run) =>
    run.outcome === "running" && running.has(run.run) ? { ...run, outcome: INTERRUPTED } : run,
  );
}

/** The last runs of a sync, and the number of people by state, as JSON. */
export async function statusOf(looked: Looked, limit: number): Promise<object> {
  const { store } = looked;
  const [runs, people, planned] = await Promise.all([lastRuns(looked, limit), store.byStatus(), store.planned()]);
  return { runs: runs.map(({ counts, ...run }) => ({ ...run, ...JSON.parse(counts) })), people, planned };
}
