import type { Step } from "../../report-data.ts";
import type { KeptTrace, ReportData } from "../data.ts";
import { count, counted, duration, time } from "../words.ts";
import { exchangeDetails } from "./exchange.ts";
import { html, type Markup, type Part } from "./markup.ts";

/** Minimum duration of a slow object, in milliseconds. */
const SLOW_MS = 5000;

/** The kept objects, collapsed: what was received, why it was in scope, what it matched, and the requests and responses. */
export function peopleSection({ objects }: ReportData): Part {
  const { traces, total, leftOut, failedLeftOut } = objects;
  if (traces.length === 0) return html`<p>No objects were provisioned.</p>`;
  const missing = failedLeftOut > 0 ? `, ${count(failedLeftOut)} of which failed` : ", none of which failed";
  return html`<p>${leftOut === 0 ? `All ${counted(total, "object")}, in order.` : `${count(traces.length)} of ${counted(total, "object")}: those that failed, the slowest, and a sample of the others. ${count(leftOut)} are left out${missing}; the provisioning log has all of them.`}</p>
<fieldset class="filter"><legend class="soft small">Show</legend>
${radio("all", "all", true)}${radio("failure", "failed")}${radio("change", "with a change")}${radio("slow", "slower than 5 s")}</fieldset>
${traces.map(person)}`;
}

const radio = (id: string, text: string, isChecked = false): Markup =>
  html`<input type="radio" name="only" id="only-${id}"${isChecked && html` checked="checked"`}/><label for="only-${id}">${text}</label>`;

function person(trace: KeptTrace): Markup {
  const {
    cycle,
    type,
    displayName,
    action,
    status,
    at,
    tookMs,
    skipReason,
    error,
    exchanges,
    exchangesLeftOut,
    modified,
    targetId,
    objectId,
  } = trace;
  const isChanged = action !== "other" && status !== "skipped";
  const classes = ["person", status, isChanged && "changed", tookMs > SLOW_MS && "slow"].filter(
    (each) => each !== false,
  );
  return html`<details class="${classes.join(" ")}"><summary><strong><bdi>${displayName || objectId}</bdi></strong> <span class="tag ${status}">${action} ${status}</span>${(error?.code ?? skipReason) && html` <span class="small">${error?.code ?? skipReason}</span>`} <span class="soft small">${type}, cycle ${cycle}, ${counted(exchanges.length + exchangesLeftOut, "request")}, ${duration(tookMs)}</span></summary>
<div class="inner">${error && html`<p class="change">${error.reason}</p>${error.nextAttempt !== undefined && html`<p class="soft">Next attempt ${time(error.nextAttempt)}</p>`}`}
<p class="soft small">${time(at)} · ${type} <code>${objectId}</code>${targetId !== undefined && html` · at the target <code>${targetId}</code>`}</p>
<h4>Received</h4>${pairs(trace.source)}
<h4>Steps</h4><ol class="steps">${trace.steps.map(step)}</ol>
${modified.length > 0 && html`<h4>Sent attributes</h4>${changes(trace)}`}
${exchanges.length > 0 && html`<h4>Requests and answers</h4>${exchanges.map(exchangeDetails)}`}
${exchangesLeftOut > 0 && html`<p class="soft">${counted(exchangesLeftOut, "more request")}</p>`}</div></details>`;
}

function pairs(texts: Readonly<Record<string, string>>): Markup {
  const entries = Object.entries(texts);
  if (entries.length === 0) return html`<p class="soft">nothing</p>`;
  return html`<dl class="pairs">${entries.map(([name, value]) => html`<dt>${name}</dt><dd><bdi>${value}</bdi></dd>`)}</dl>`;
}

const STEPS: Readonly<Record<Step["type"], string>> = {
  ...{ import: "Received", scoping: "In scope?", matching: "Matched?", processing: "Processed" },
  ...{ referenceResolution: "References", export: "Sent" },
};

const step = ({ name, type, status, description, details = {} }: Step): Markup =>
  html`<li><strong>${STEPS[type] ?? type}</strong> <span class="tag ${status}">${status}</span> ${description} <span class="soft small">${name}</span>${Object.keys(details).length > 0 && html`<details><summary class="soft small">${counted(Object.keys(details).length, "detail")}</summary>${pairs(details)}</details>`}</li>`;

const changes = ({
  modified,
}: KeptTrace): Markup => html`<div class="scroll" tabindex="0" role="region" aria-label="Sent attributes"><table><thead><tr><th scope="col">Attribute</th><th scope="col">Before</th><th scope="col">Now</th></tr></thead><tbody>
${modified.map(({ name, oldValue, newValue }) => html`<tr><th scope="row">${name}</th><td class="wide"><bdi>${oldValue}</bdi></td><td class="wide"><bdi>${newValue}</bdi></td></tr>`)}</tbody></table></div>`;
