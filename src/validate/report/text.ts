import { placeOf } from "../ledger.ts";
import { countOf, isSuccess, type Result, type Status, type Validation } from "../run.ts";
import type { Exchange } from "../transport.ts";

const COLOURS: Readonly<Record<Status, number>> = { passed: 32, failed: 31, warned: 33, skipped: 90 };
const NAMES: Readonly<Record<Status, string>> = { passed: "pass", failed: "FAIL", warned: "warn", skipped: "skip" };

/** What makes text coloured, or leaves it. */
export type Paint = (status: Status, text: string) => string;

/** Colours for a terminal. */
export const coloured: Paint = (status, text) => `\u001b[${COLOURS[status]}m${text}\u001b[0m`;

/** No colours. */
export const plain: Paint = (_, text) => text;

/** A result as lines for a terminal: one if the check passed, else also what was found and what to do. */
export function resultText({ check, status, message, isBlocked, exchanges }: Result, paint: Paint): string {
  const head = `${check.id.padEnd(30)} ${check.title}`;
  const painted = paint(status, NAMES[status]);
  if (status === "passed") return `${painted}  ${clean(head)}\n`;
  const last = exchanges.at(-1);
  const isFinding = status === "failed" || status === "warned";
  const lines = [
    head,
    message,
    ...(isFinding ? [`Expected: ${check.rule.says} (${check.rule.source})`] : []),
    ...(isFinding && check.fix !== undefined ? [`To do: ${check.fix}`] : []),
    ...(isFinding && check.postern !== undefined ? [`On Postern: ${check.postern}`] : []),
    ...((isFinding || isBlocked) && last ? [`Last request: ${exchangeText(last)}`] : []),
  ];
  const cleaned = lines.filter((line) => line !== undefined).map(clean);
  return `${painted}  ${cleaned.join("\n      ")}\n`;
}

const MAX_LINE = 400;

function exchangeText({ method, path, body, status, failure, answer }: Exchange): string {
  const sent = body === undefined ? "" : ` ${short(typeof body === "string" ? body : JSON.stringify(body))}`;
  return `${method} ${path}${sent} -> ${failure ?? status}${answer === undefined ? "" : ` ${short(answer)}`}`;
}

const short = (text: string) => (text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}...` : text);

/**
 * Foreign text must not steer the terminal, nor look like our own lines: it stays on its line, and characters that are not seen, such
 * as those of control or direction, are shown as ?. Colours are added afterwards.
 */
const clean = (text: string) => text.replace(/\s*[\r\n]\s*/g, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?");

/** What is said at the end: what was left behind, and last what was found. */
export function endText(validation: Validation): string {
  const { left, stopped, url } = validation;
  const { passed, failed, warned, skipped } = countOf(validation);
  const remains = left.map(
    (each) =>
      `Not deleted: ${placeOf(each)}: ${each.why}. ${each.name === undefined ? "Delete" : "Look for"} it by hand.`,
  );
  const counts = `${passed} passed, ${failed} failed, ${warned} warned, ${skipped} skipped`;
  const verdict = isSuccess(validation)
    ? "does what was asked"
    : failed > 0
      ? "does not do all that was asked"
      : "could not be checked whole";
  const lines = [...remains, ...(stopped === undefined ? [] : [stopped]), `${url} ${verdict}: ${counts}.`];
  return lines.map((line) => `${clean(line)}\n`).join("");
}
