import type { CycleSummary } from "../../report-data.ts";
import type { Execution, PurposeTimes, ReportData, Times } from "../data.ts";
import { count, duration, time } from "../words.ts";
import { html, type Markup, type Part } from "./markup.ts";

const heads = (names: readonly string[], numbers: readonly string[]): Markup =>
  html`<thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}${numbers.map((name) => html`<th scope="col" class="number">${foldable(name)}</th>`)}</tr></thead>`;

/** Allows line breaks before capital letters. */
const foldable = (name: string): Part =>
  name.split(/(?=[A-Z])/).map((word, index) => [index > 0 && html`<wbr/>`, word]);

const numbers = (values: readonly string[]): Part => values.map((value) => html`<td class="number">${value}</td>`);

const timesCells = ({ requests, failures, p50Ms, p95Ms, p99Ms, maxMs }: Times): Part =>
  numbers([count(requests), count(failures), ...[p50Ms, p95Ms, p99Ms, maxMs].map(duration)]);

/** Requests by purpose. */
export function requestsTable({ purposes, total }: ReportData): Markup {
  const statuses = ({ statuses: each }: PurposeTimes) =>
    Object.entries(each)
      .sort(([, a], [, b]) => b - a)
      .map(([status, number]) => `${status}: ${count(number)}`)
      .join(", ");
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Requests by purpose"><table>${heads(["Sent to"], ["Requests", "Failed", "p50", "p95", "p99", "Slowest", "Answers"])}<tbody>
${purposes.map((each) => html`<tr><th scope="row">${each.purpose}</th>${timesCells(each)}<td class="number">${statuses(each)}</td></tr>`)}
<tr><th scope="row">all</th>${timesCells(total)}<td></td></tr></tbody></table></div>`;
}

/** Cycles with Graph's names. */
export function cyclesTable({ cycles, cyclesLeftOut }: ReportData): Markup {
  if (cycles.length === 0) return html`<p>No cycle was run.</p>`;
  const counters = [
    "countImported",
    "countEntitled",
    "countExported",
    "countExports",
    "countEscrowed",
    "countEscrowedRaw",
    "requests",
  ] as const;
  const row = (cycle: CycleSummary) =>
    html`<tr><th scope="row">${cycle.cycle}, ${cycle.kind}</th><td><span class="tag ${cycle.state === "Succeeded" ? "success" : cycle.state === "Failed" ? "failure" : "warning"}">${cycle.state}</span></td><td>${time(cycle.timeBegan)}</td><td>${duration(cycle.timeEnded - cycle.timeBegan)}</td>${numbers(counters.map((name) => count(cycle[name])))}<td class="wide">${
      cycle.error
        ? `${cycle.error.code}: ${cycle.error.message}`
        : Object.entries(cycle.counts)
            .map(([what, number]) => `${what} ${count(number)}`)
            .join(", ")
    }</td></tr>`;
  return html`${cyclesLeftOut > 0 && html`<p class="soft">The newest; ${count(cyclesLeftOut)} before them are left out.</p>`}
<div class="scroll" tabindex="0" role="region" aria-label="Cycles"><table>${heads(["Cycle", "State", "Began", "Took"], counters)}<tbody>${cycles.map(row)}</tbody></table></div>
<p class="soft small">Imported: read from the source. Entitled: in scope. Exported: objects written, by so many exports. Escrowed: kept for another attempt, without references; raw: with them.</p>`;
}

/** The job's status with Graph's names from synchronizationStatus. */
export function statusList({ status }: ReportData): Markup {
  const execution = (name: string, each: Execution | undefined): Part =>
    each &&
    html`<dt>${name}</dt><dd>${each.state}, ${each.timeBegan} to ${each.timeEnded}${each.error && `, ${each.error.code}: ${each.error.message}`}</dd>`;
  const { quarantine } = status;
  return html`<dl class="pairs small"><dt>code</dt><dd>${status.code}</dd><dt>countSuccessiveCompleteFailures</dt><dd>${status.countSuccessiveCompleteFailures}</dd>
${execution("lastExecution", status.lastExecution)}${execution("lastSuccessfulExecution", status.lastSuccessfulExecution)}${execution("lastSuccessfulExecutionWithExports", status.lastSuccessfulExecutionWithExports)}
${status.steadyStateFirstAchievedTime && html`<dt>steadyStateFirstAchievedTime</dt><dd>${status.steadyStateFirstAchievedTime}</dd>`}
${status.steadyStateLastAchievedTime && html`<dt>steadyStateLastAchievedTime</dt><dd>${status.steadyStateLastAchievedTime}</dd>`}
${quarantine && html`<dt>quarantine</dt><dd>${quarantine.reason}, since ${quarantine.currentBegan}, next attempt ${quarantine.nextAttempt}: ${quarantine.error.message}</dd>`}</dl>`;
}
