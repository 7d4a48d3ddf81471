import type { Profile } from "../check.ts";
import { placeOf } from "../ledger.ts";
import { countOf, type Result, type Validation } from "../run.ts";
import type { Exchange } from "../transport.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML and HTML. Characters that XML 1.0 does not allow become �. */
const escaped = (text: string) =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (each) => ENTITIES[each]!);

const seconds = (ms: number) => (ms / 1000).toFixed(3);

function exchangeText({ method, path, body, status, contentType, answer, failure, tookMs }: Exchange): string {
  const sent = body === undefined ? "" : `\n${typeof body === "string" ? body : JSON.stringify(body)}`;
  const head = failure ?? `${status}${contentType === undefined ? "" : ` ${contentType}`}`;
  return `${method} ${path}${sent}\n-> ${head} (${tookMs} ms)${answer === undefined ? "" : `\n${answer}`}`;
}

/** A run as JUnit XML: a suite for each profile. Warnings are no failures there, but are told in the case's output. */
export function junitReport({ url, startedAt, tookMs, results }: Validation): string {
  const profiles = [...new Set(results.map(({ check }) => check.profile))];
  const suites = profiles.map((profile) => suiteOf(profile, results, startedAt));
  const { failed, skipped } = countOf({ results });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="postern validate ${escaped(url)}" tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${seconds(tookMs)}">
${suites.join("\n")}
</testsuites>
`;
}

function suiteOf(profile: Profile, all: readonly Result[], startedAt: string): string {
  const results = all.filter(({ check }) => check.profile === profile);
  const { failed, skipped } = countOf({ results });
  const took = results.reduce((sum, each) => sum + each.tookMs, 0);
  const cases = results.map((result) => `    ${caseOf(result)}`);
  return `  <testsuite name="${profile}" tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${seconds(took)}" timestamp="${escaped(startedAt)}">
${cases.join("\n")}
  </testsuite>`;
}

function caseOf({ check, status, message = "", exchanges, tookMs }: Result): string {
  const name = `${check.id}: ${check.title}`;
  const said = exchanges.map(exchangeText).join("\n\n");
  const detail = [check.rule.says, check.rule.source, check.fix, said].filter((each) => each !== undefined).join("\n");
  const body = {
    passed: "",
    failed: `<failure message="${escaped(message)}">${escaped(detail)}</failure>`,
    warned: `<system-out>${escaped(`Warning: ${message}\n${detail}`)}</system-out>`,
    skipped: `<skipped message="${escaped(message)}"/>`,
  }[status];
  return `<testcase classname="${escaped(`${check.profile}.${check.area}`)}" name="${escaped(name)}" time="${seconds(tookMs)}">${body}</testcase>`;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}details{border-left:4px solid #999;padding:.2em .8em;margin:.4em 0}
details.passed{border-color:#2a7}details.failed{border-color:#c22}details.warned{border-color:#c80}
pre{background:#f4f4f4;padding:.6em;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}code{color:#555}`;

/** A run as one HTML file, without scripts and without anything that is loaded from elsewhere. */
export function htmlReport(validation: Validation): string {
  const { url, startedAt, results, left, stopped } = validation;
  const { passed, failed, warned, skipped } = countOf(validation);
  const areas = [...new Set(results.map(({ check }) => `${check.profile}: ${check.area}`))];
  const remains = left.map((each) => `<li>${escaped(`${placeOf(each)}: ${each.why}`)}</li>`);
  const sections = areas.map((area) => {
    const own = results.filter(({ check }) => `${check.profile}: ${check.area}` === area);
    return `<h2>${escaped(area)}</h2>\n${own.map(detailsOf).join("\n")}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(url)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(url)}</h1>
<p>${escaped(startedAt)}: ${passed} passed, ${failed} failed, ${warned} warned, ${skipped} skipped.</p>
${stopped === undefined ? "" : `<p><strong>${escaped(stopped)}</strong></p>`}
${remains.length === 0 ? "" : `<p>Not deleted:</p><ul>${remains.join("")}</ul>`}
${sections.join("\n")}
</body></html>
`;
}

function detailsOf({ check, status, message, exchanges }: Result): string {
  const isOpen = status === "failed" || status === "warned";
  const lines = [
    message,
    `Rule: ${check.rule.says} (${check.rule.source})`,
    check.fix === undefined ? undefined : `To do: ${check.fix}`,
    check.postern === undefined ? undefined : `On Postern: ${check.postern}`,
  ].filter((line) => line !== undefined);
  const shown = exchanges.map((each) => `<pre>${escaped(exchangeText(each))}</pre>`).join("");
  return `<details class="${status}"${isOpen ? " open" : ""}><summary>${status}: ${escaped(check.title)} <code>${escaped(check.id)}</code></summary>
${lines.map((line) => `<p>${escaped(line)}</p>`).join("")}${shown}</details>`;
}
