import type { Job, ReportData } from "./data.ts";
import { charts } from "./html/charts.ts";
import { findingsSection, observationsSection, quarantineSection } from "./html/findings.ts";
import { html, Markup, type Part } from "./html/markup.ts";
import { peopleSection } from "./html/people.ts";
import { STYLE } from "./html/style.ts";
import { cyclesTable, requestsTable, statusList } from "./html/tables.ts";
import { count, duration, ofSeverity, rate, verdict } from "./words.ts";

/** Nothing in the page may load or run, so that an endpoint's responses can only be read. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The report as one self-contained HTML file, without scripts, fonts or other hosts. Everything from outside is escaped. It is also
 * well-formed XML, so that a strict parser can check it.
 */
export function htmlReport(report: ReportData, job: Job): string {
  const sections: readonly (readonly [string, string, Part])[] = [
    ["quarantine", "Quarantine", quarantineSection(report)],
    ["findings", "Findings", findingsSection(report)],
    ["observations", "Endless updates, duplicates and other differences", observationsSection(report)],
    ["requests", "Requests", html`${requestsTable(report)}${charts(report)}`],
    [
      "cycles",
      "Cycles",
      html`${cyclesTable(report)}<details><summary>Status of the job</summary>${statusList(report)}</details>`,
    ],
    ["objects", "People and groups", peopleSection(report)],
  ];
  const shown = sections.filter(([, , content]) => content !== undefined);
  const page = html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="${POLICY}"/><meta name="referrer" content="no-referrer"/>
<title>${job.name}: provisioning simulated</title><style>${new Markup(STYLE)}</style></head>
<body><header><h1>${job.name}</h1><p class="soft">What Microsoft Entra ID would do to <code>${job.endpoint}</code>, simulated by Postern · job <code>${job.jobId}</code></p>
<p class="verdict ${ofSeverity(report, "fault").length > 0 ? "fault" : "good"}">${verdict(report)}</p></header>
<main>${tiles(report)}<nav aria-label="Sections">${shown.map(([id, title]) => html`<a href="#${id}">${title}</a>`)}</nav>
${shown.map(([id, title, content]) => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`)}
</main></body></html>
`;
  return page.text;
}

function tiles({ status, total, objects, cycles, cyclesLeftOut }: ReportData): Markup {
  const tile = (name: string, value: string, isWords = false) =>
    html`<div class="tile"><dt>${name}</dt><dd${isWords && html` class="words"`}>${value}</dd></div>`;
  return html`<dl class="tiles">${tile("Job", status.code, true)}${tile("Last cycle", status.lastExecution?.state ?? "none", true)}${tile("Cycles", count(cycles.length + cyclesLeftOut))}${tile("Objects failed", `${count(objects.failed)} / ${count(objects.total)}`)}${tile("Requests", count(total.requests))}${tile("A second", rate(total.perSecond))}${tile("Sending took", duration(total.seconds * 1000))}${tile("p50", duration(total.p50Ms))}${tile("p95", duration(total.p95Ms))}${tile("p99", duration(total.p99Ms))}</dl>`;
}
