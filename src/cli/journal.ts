import { styleText } from "node:util";
import type { JournalEntry } from "../journal/entry.ts";
import type { JournalLine } from "../journal/store.ts";
import { type AdminAddress, askAdmin } from "./admin.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";

/** Which entries are listed. */
export interface JournalSearch {
  readonly search?: string | undefined;
  readonly failures: boolean;
  /** How far back to look: a number with m, h or d, such as `2h`. */
  readonly since?: string | undefined;
  readonly route?: string | undefined;
  readonly caller?: string | undefined;
  readonly limit: number;
  readonly isJson: boolean;
}

/** Lists entries of a running gateway's journal, newest last: a line each. Returns the exit status. */
export async function journalListCommand(address: AdminAddress, asked: JournalSearch): Promise<number> {
  const { search, failures, since, route, caller, limit, isJson } = asked;
  const from = since === undefined ? undefined : new Date(Date.now() - millisecondsOf(since)).toISOString();
  const query = { search, route, caller, from, limit: String(limit), ...(failures && { result: "failure" }) };
  const given = Object.entries(query).filter((each): each is [string, string] => each[1] !== undefined);
  const found = await askJournal<{ readonly entries: readonly JournalLine[] }>(
    address,
    `/journal?${new URLSearchParams(given)}`,
  );
  if (!found) return EXIT.findings;
  if (isJson) console.log(JSON.stringify(found.entries, undefined, 2));
  else for (const entry of found.entries.toReversed()) console.log(lineText(entry));
  return EXIT.fine;
}

/** Shows one entry, step by step. Returns the exit status. */
export async function journalShowCommand(address: AdminAddress, id: string, isJson: boolean): Promise<number> {
  const entry = await askJournal<JournalEntry>(address, `/journal/${encodeURIComponent(id)}`);
  if (!entry) return EXIT.findings;
  console.log(isJson ? JSON.stringify(entry, undefined, 2) : entryText(entry));
  return EXIT.fine;
}

async function askJournal<T>(address: AdminAddress, path: string): Promise<T | undefined> {
  const answer = await askAdmin(address, path);
  if (!answer) return undefined;
  if (answer.isOk) return answer.json as T;
  console.error((answer.json as { readonly error?: string }).error ?? "The gateway refused the request.");
  return undefined;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span such as 30m, 2h or 7d, in milliseconds. Throws a `UsageError`. */
export function millisecondsOf(span: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([mhd])$/.exec(span) ?? [];
  if (count === "") throw new UsageError(`--since takes a number with m, h or d, such as 30m, 2h or 7d; not "${span}"`);
  return Number(count) * UNITS[unit]!;
}

/** Text of a client or a backend must not control the terminal. */
const clean = (text: string): string => text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, "?");

function lineText({ id, at, status, result, sentence, caller, ms }: JournalLine): string {
  const time = new Date(at).toISOString().slice(0, 19).replace("T", " ");
  const code = styleText(result === "failure" ? "red" : "green", String(status));
  return `${id}  ${time}  ${code}  ${clean(caller || "-")}  ${clean(sentence).replaceAll("\n", " ")} (${Math.round(ms)} ms)`;
}

function entryText(entry: JournalEntry): string {
  const { at, route, caller, source, requestId, replica, sentence, ms, backendMs, request, steps } = entry;
  const facts = [
    ["time", new Date(at).toISOString()],
    ["route", route],
    ["caller", `${caller || "unknown"}, from ${source}`],
    ["request", requestId],
    ["gateway", replica],
    ["took", `${ms} ms, ${backendMs} ms of them in the backend`],
  ].map(([name = "", value = ""]) => `  ${name.padEnd(8)} ${clean(value).replaceAll("\n", " ")}`);
  const sent =
    request === null || request === undefined ? [] : ["", "  Sent:", indented(JSON.stringify(request, undefined, 2))];
  const told = steps.flatMap(({ step, at: after, ms: took, text, native }) => [
    `  ${`${after.toFixed(1)} ms`.padStart(11)}  ${styleText("bold", step)}  ${clean(text).replaceAll("\n", " ")}${took === undefined ? "" : ` (${took} ms)`}`,
    ...(native === undefined ? [] : [indented(native, 15)]),
  ]);
  return [clean(sentence).replaceAll("\n", " "), ...facts, ...sent, "", "  Steps:", ...told].join("\n");
}

const indented = (text: string, by = 4): string =>
  clean(text)
    .split("\n")
    .map((line) => `${" ".repeat(by)}${line}`)
    .join("\n");
