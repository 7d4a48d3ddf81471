import { findingOf, findingOfObservation } from "../../findings/index.ts";
import type { Found, Observed, ReportData } from "../data.ts";
import { count, counted, time } from "../words.ts";
import { exchangeDetails } from "./exchange.ts";
import { html, type Markup, type Part } from "./markup.ts";

const SEVERITY = { fault: "Fault", warning: "Warning", note: "Note" } as const;

/** Converts backquotes in a sentence to code. */
const sentence = (text: string): Part =>
  text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

/** The findings, faults first, with what to change and an example. */
export function findingsSection({ findings, observations }: ReportData): Markup {
  if (findings.length === 0) return html`<p>Nothing was found.</p>`;
  return html`${findings.map((found) => findingCard(found, observations))}`;
}

function findingCard(
  { id, count: times, firstAt, lastAt, purposes, example }: Found,
  observations: readonly Observed[],
): Part {
  const finding = findingOf(id);
  if (!finding) return undefined;
  const { severity, title, why, change, page } = finding;
  const where = Object.entries(purposes).map(([purpose, number]) => `${purpose} ${count(number)}`);
  const when =
    firstAt === undefined ? [] : lastAt === firstAt ? [time(firstAt)] : [`${time(firstAt)} to ${time(lastAt!)}`];
  return html`<article class="finding ${severity}" id="${id}"><header><span class="tag ${severity}">${SEVERITY[severity]}</span><h3>${sentence(title)}</h3><span class="soft small">${counted(times, "time")}</span></header>
<p>${sentence(why)}</p>${attributesOf(id, observations)}<p class="change"><strong>What to change:</strong> ${sentence(change)}</p>
<p class="soft small">${[...where, ...when].join(" · ")}${where.length + when.length > 0 && " · "}${reading(page)} · <code>${id}</code></p>
${example && exchangeDetails(example)}</article>`;
}

/** Maximum number of attributes in a card; the table of observations has all of them. */
const NAMED = 6;

/** The attributes of an observed finding. */
function attributesOf(id: Found["id"], observations: readonly Observed[]): Part {
  const about = observations.filter(
    ({ kind, attribute }) => attribute !== undefined && findingOfObservation(kind) === id,
  );
  const named = about
    .slice(0, NAMED)
    .map(({ attribute, count: times }) => html`<code>${attribute}</code> ${counted(times, "time")}`);
  const others = about.length > NAMED && `and ${counted(about.length - NAMED, "other")}`;
  return (
    about.length > 0 &&
    html`<p>${[...named, others].flatMap((part, index) => (index > 0 && part ? [", ", part] : [part]))}</p>`
  );
}

const reading = ({ title, url }: { readonly title: string; readonly url: string }): Markup =>
  url.startsWith("https://") ? html`<a href="${url}" rel="noreferrer">${title}</a>` : html`${title} (${url})`;

/** The engine's observations by attribute: endless updates, duplicates and others. */
export function observationsSection({ observations }: ReportData): Part {
  if (observations.length === 0) return undefined;
  return html`<p>What was sent, compared with what was read later. Each of these is a finding above; here they are by attribute.</p>
<div class="scroll" tabindex="0" role="region" aria-label="What was sent, and what was read"><table><thead><tr><th scope="col">What</th><th scope="col">Attribute</th><th scope="col" class="number">Times</th><th scope="col">Such as</th></tr></thead><tbody>
${observations.map(observedRow)}</tbody></table></div>`;
}

const observedRow = ({ kind, attribute, count: times, examples }: Observed): Markup =>
  html`<tr><th scope="row">${kind}</th><td>${attribute && html`<code>${attribute}</code>`}</td><td class="number">${count(times)}</td><td class="wide">${examples.map(
    ({ displayName, cycle, sent, returned }) =>
      html`<div><bdi>${displayName}</bdi>, cycle ${cycle}${sent !== undefined && html`: sent <code>${sent}</code>`}${returned !== undefined && html`, returned <code>${returned}</code>`}</div>`,
  )}</td></tr>`;

/** The quarantines that would have occurred. */
export function quarantineSection({ quarantines, status }: ReportData): Part {
  if (quarantines.length === 0) return undefined;
  return html`<p>${status.quarantine ? "The job would be in quarantine now." : "The job would have been in quarantine, and has left it."} In quarantine Entra runs one cycle a day at most, and disables the job after four weeks.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Quarantines"><table><thead><tr><th scope="col">Reason</th><th scope="col" class="number">Times</th><th scope="col">Began</th><th scope="col">Next attempt</th><th scope="col">Error</th></tr></thead><tbody>
${quarantines.map(({ reason, count: times, last }) => html`<tr><th scope="row">${reason}</th><td class="number">${count(times)}</td><td>${time(last.currentBegan)}</td><td>${time(last.nextAttempt)}</td><td class="wide">${last.error.code}: ${last.error.message}</td></tr>`)}
</tbody></table></div>`;
}
