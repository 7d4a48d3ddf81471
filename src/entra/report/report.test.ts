import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { job, simulate } from "../../../test/suites/simulated.ts";
import type { Exchange, Trace } from "../report-data.ts";
import { type Collector, createCollector } from "./collector.ts";
import { htmlReport } from "./html.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import { provisioningLog } from "./log.ts";
import { summary } from "./summary.ts";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The elements of a document, and its text. Throws where it is not well-formed XML. */
function parsed(xml: string): { readonly elements: readonly Element[]; readonly text: string } {
  const elements: Element[] = [];
  let text = "";
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) =>
    elements.push({ name, attributes: attributes as Record<string, string> }),
  );
  parser.on("text", (each) => {
    text += each;
  });
  parser.write(xml).close();
  return { elements, text };
}

const whole = (() => {
  const collector = createCollector();
  const traces = simulate(collector, 200);
  return { report: collector.report(), traces };
})();

/** The report of one trace, whose texts are all odd, and the trace. */
function odd(text: string): { readonly collector: Collector; readonly trace: Trace } {
  const exchange: Exchange = {
    ...{
      purpose: "create",
      type: "User",
      at: 0,
      tookMs: 1,
      method: "POST",
      path: `/Users?${text}`,
      body: { [text]: text },
    },
    answer: { status: 400, headers: { "content-type": text, [text]: text }, text },
  };
  const trace: Trace = {
    ...{
      cycle: 1,
      type: "User",
      objectId: text,
      displayName: text,
      targetId: text,
      action: "create",
      status: "failure",
      at: 0,
      tookMs: 1,
    },
    source: { [text]: text },
    steps: [{ name: text, type: "export", status: "failure", description: text, details: { [text]: text } }],
    modified: [{ name: text, oldValue: text, newValue: text }],
    error: { code: text, reason: text },
    exchanges: [exchange, { ...exchange, failure: text }],
  };
  const collector = createCollector(undefined, () => 0);
  collector.exchange(exchange);
  collector.trace(trace);
  collector.observation({
    kind: "returned otherwise",
    cycle: 1,
    type: "User",
    objectId: text,
    displayName: text,
    attribute: text,
    sent: text,
    returned: text,
    exchange,
  });
  collector.quarantine({
    reason: "TooManyDeletes",
    currentBegan: 0,
    seriesBegan: 0,
    seriesCount: 1,
    nextAttempt: 0,
    error: { code: text, message: text },
  });
  collector.cycle({
    ...{
      cycle: 1,
      kind: "initial",
      state: "Failed",
      timeBegan: 0,
      timeEnded: 0,
      countImported: 0,
      countEntitled: 0,
      countExported: 0,
      countExports: 0,
    },
    ...{
      countEscrowed: 0,
      countEscrowedRaw: 0,
      requests: 1,
      counts: { [text]: 1 },
      error: { code: text, message: text },
    },
  });
  return { collector, trace };
}

/** Text that breaks things: pieces of markup, control characters, halves of surrogate pairs, turns of direction. */
const oddText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "<script>alert(1)</script>",
        "</pre></style>",
        "]]>",
        "<!--",
        "&#0;",
        "\"'`=",
        "\u0000\u0008\u001b[31m",
        "\uD800",
        "\uDFFF",
        "\u202e",
        "\uFFFE",
        "__proto__",
        "\r\n",
      ),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(""));

const SAFE = new Set(
  "html head meta title style body header main section nav article fieldset legend input label h1 h2 h3 h4 p a dl dt dd ol li div span strong bdi code pre details summary table thead tbody tr th td wbr figure figcaption svg desc line text rect g polyline".split(
    " ",
  ),
);

describe("the HTML report", () => {
  test("law: whatever stands in a trace, the page has only its own elements and attributes", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const { elements } = parsed(
          htmlReport(odd(text).collector.report(), { ...job, name: text, endpoint: text, jobId: text }),
        );
        expect(elements.filter(({ name }) => !SAFE.has(name))).toEqual([]);
        const attributes = elements.flatMap(({ attributes: each }) => Object.entries(each));
        expect(attributes.filter(([name]) => name.startsWith("on") || name === "src" || name === "style")).toEqual([]);
        expect(
          attributes.filter(
            ([name, value]) => name === "href" && !/^(#|https:\/\/learn\.microsoft\.com\/)/.test(value),
          ),
        ).toEqual([]);
      }),
    );
  });

  test("asks nothing of any host, and forbids scripts", () => {
    const page = htmlReport(whole.report, job);
    const { elements } = parsed(page);
    expect(elements.filter(({ name, attributes }) => name === "link" || name === "script" || attributes.src)).toEqual(
      [],
    );
    expect(page).not.toMatch(/@import|url\(/);
    expect(
      elements.find(({ attributes }) => attributes["http-equiv"] === "Content-Security-Policy")?.attributes.content,
    ).toMatch(/^default-src 'none'/);
  });

  test("shows faults with what to change, the quarantine, times, cycles and people", () => {
    const { text, elements } = parsed(htmlReport(whole.report, job));
    for (const each of [
      "A creation causes a conflict: 409",
      "What to change:",
      "EncounteredQuarantineException",
      "p95",
      "1, initial",
      "Robert'); DROP TABLE users;--",
      "Received User",
      "The e-mail address is taken.",
    ])
      expect(text).toContain(each);
    expect(elements.filter(({ name }) => name === "svg").length).toBeGreaterThanOrEqual(2);
    expect(text).not.toContain("hunter2");
  });

  test("can be used without seeing it: each table's head has a scope, each picture a title, each anchor leads somewhere", () => {
    const { elements } = parsed(htmlReport(whole.report, job));
    expect(elements.filter(({ name, attributes }) => name === "th" && !attributes.scope)).toEqual([]);
    expect(
      elements.filter(
        ({ name, attributes }) => name === "svg" && !attributes["aria-labelledby"] && !attributes["aria-hidden"],
      ),
    ).toEqual([]);
    const ids = elements.flatMap(({ attributes }) => (attributes.id === undefined ? [] : [attributes.id]));
    expect(new Set(ids).size).toBe(ids.length);
    const targets = elements.flatMap(({ attributes: { href = "" } }) => (href.startsWith("#") ? [href.slice(1)] : []));
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test("of a run without requests is a page, too", () => {
    expect(parsed(htmlReport(createCollector().report(), job)).text).toContain("No requests were sent.");
  });

  const browser = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "chromium"))
    .find((file) => canRun(file));
  test.skipIf(browser === undefined)("in Chromium runs nothing of what names hold", () => {
    const folder = mkdtempSync(join(tmpdir(), "report-"));
    try {
      const page = htmlReport(whole.report, job);
      // Without the page's own policy, which would hide what is not escaped.
      writeFileSync(join(folder, "report.html"), page.replace(/<meta http-equiv[^>]*>/, ""));
      const dom = execFileSync(
        browser!,
        [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          `--user-data-dir=${folder}/profile`,
          "--dump-dom",
          `file://${folder}/report.html`,
        ],
        { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 50_000, maxBuffer: 1e8 },
      );
      expect(dom).toContain(
        "<title>Contoso HR &lt;script&gt;document.title='job'&lt;/script&gt;: provisioning simulated</title>",
      );
      expect(dom).not.toMatch(/<(script|img)/);
      expect(dom).toContain("&lt;script&gt;document.title='pwned'&lt;/script&gt;");
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

describe("the JUnit report", () => {
  test("law: whatever stands in a trace, it is well-formed XML", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const { elements } = parsed(junitReport(odd(text).collector.report(), { ...job, name: text }));
        expect(elements.map(({ name }) => name)).toContain("failure");
      }),
    );
  });

  test("has a suite a cycle, where objects that failed fail, and a suite of findings, where faults fail", () => {
    const { elements } = parsed(junitReport(whole.report, job));
    const suites = elements.filter(({ name }) => name === "testsuite").map(({ attributes }) => attributes);
    expect(suites.map(({ name }) => name)).toEqual(["cycle 1, initial", "cycle 2, incremental", "findings"]);
    const failed = whole.report.objects.traces.filter(({ status }) => status === "failure").length;
    expect(suites.map(({ failures }) => Number(failures))).toEqual([failed, 1, 4]);
    const [total] = elements;
    expect(Number(total!.attributes.failures)).toBe(elements.filter(({ name }) => name === "failure").length);
    expect(Number(total!.attributes.tests)).toBe(elements.filter(({ name }) => name === "testcase").length);
  });
});

describe("a record of the provisioning log", () => {
  test("law: whatever stands in a trace, it is one line that JSON reads back", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const line = JSON.stringify(provisioningLog(odd(text).trace, job));
        expect(line).not.toMatch(/[\n\r]/);
        expect(JSON.parse(line)).toMatchObject({ jobId: job.jobId, provisioningAction: "create" });
      }),
    );
  });

  test("has the form of Graph's provisioningObjectSummary", () => {
    const failed = whole.traces.find(({ status }) => status === "failure")!;
    const record = provisioningLog(failed, job);
    expect(Object.keys(record).sort()).toEqual(
      "activityDateTime changeId cycleId durationInMilliseconds id initiatedBy jobId modifiedProperties provisioningAction provisioningStatusInfo provisioningSteps servicePrincipal sourceIdentity sourceSystem targetIdentity targetSystem tenantId".split(
        " ",
      ),
    );
    expect(record).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      activityDateTime: "2026-11-26T08:00:01.600Z",
      provisioningStatusInfo: {
        status: "failure",
        errorInformation: {
          errorCode: "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering",
          errorCategory: "nonServiceFailure",
          additionalDetails: expect.stringContaining("The e-mail address is taken."),
          recommendedAction: expect.stringContaining("look-up"),
        },
      },
      sourceIdentity: { identityType: "User", details: { odatatype: "User", accountEnabled: "True" } },
      targetIdentity: { identityType: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" },
      targetSystem: { displayName: "customappsso", details: { ApplicationId: "8adf8e6e-67b2-4cf2-a259-e3dc5476c621" } },
      modifiedProperties: [{ displayName: "userName", oldValue: null }, { displayName: "displayName" }],
    });
  });

  test("has ids that are the same in a repeated run, one of the cycle, and others for each object", () => {
    const [one, two] = whole.traces.map((trace) => provisioningLog(trace, job));
    expect(provisioningLog(whole.traces[0]!, job)).toEqual(one);
    expect(one!.cycleId).toBe(two!.cycleId);
    expect(new Set(whole.traces.map((trace) => provisioningLog(trace, job).id)).size).toBe(whole.traces.length);
  });

  test("hides passwords", () => {
    const trace: Trace = {
      ...whole.traces[0]!,
      modified: [{ name: "password", newValue: "hunter2" }],
      source: { password: "hunter2" },
    };
    expect(JSON.stringify(provisioningLog(trace, job))).not.toContain("hunter2");
  });
});

describe("the summary for a terminal", () => {
  test("ends with what was found, has no colour unless asked, and fits the line", () => {
    const plain = summary(whole.report, { color: false });
    expect(stripVTControlCharacters(plain)).toBe(plain);
    expect(stripVTControlCharacters(summary(whole.report, { color: true }))).toBe(plain);
    expect(plain.trimEnd().split("\n").at(-1)).toBe(
      "4 faults found (3 warnings). 28 attempts to provision an object failed.",
    );
    expect(Math.max(...plain.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(110);
  });

  test("law: nothing from outside reaches the terminal as a control", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        expect(summary(odd(text).collector.report(), { color: false })).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/,
        );
      }),
    );
  });

  test("of a run without requests says so", () => {
    expect(summary(createCollector().report(), { color: false })).toBe("No cycle was run.\n\nNo requests were sent.\n");
  });
});

test("the JSON report has the words of each finding, and reads back", () => {
  const report = JSON.parse(jsonReport(whole.report, job));
  expect(report.findings[0]).toMatchObject({
    id: expect.any(String),
    severity: "fault",
    change: expect.any(String),
    count: expect.any(Number),
  });
  expect(report.job).toEqual(job);
});

function canRun(file: string): boolean {
  try {
    execFileSync(file, ["--version"], { stdio: "ignore", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
