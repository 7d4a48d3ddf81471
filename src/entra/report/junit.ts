import { findingOf } from "../findings/index.ts";
import type { Found, Job, KeptExchange, KeptTrace, ReportData } from "./data.ts";

/**
 * The report as JUnit XML for CI: a test suite per cycle with a test case per object, which fails if Entra would log a failure; and a suite
 * `findings` with a test case per finding, which fails for a fault. Of many objects it contains the failed ones, the slowest and a sample;
 * the properties of a suite have the totals.
 */
export function junitReport(report: ReportData, { name }: Job): string {
  const numbers = [
    ...new Set([...report.cycles.map(({ cycle }) => cycle), ...report.objects.traces.map(({ cycle }) => cycle)]),
  ];
  const suites = [...numbers.map((number) => cycleSuite(report, number)), findingSuite(report.findings)];
  const totals = { tests: sum(suites, "tests"), failures: sum(suites, "failures"), skipped: sum(suites, "skipped") };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    "testsuites",
    { name, ...totals, time: sum(suites, "time").toFixed(3) },
    suites.map(({ xml }) => xml),
  )}\n`;
}

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly skipped: number;
  /** Seconds. */
  readonly time: number;
  readonly xml: string;
}

const sum = (suites: readonly Suite[], what: "tests" | "failures" | "skipped" | "time"): number =>
  suites.reduce((total, suite) => total + suite[what], 0);

function cycleSuite({ cycles, objects }: ReportData, number: number): Suite {
  const cycle = cycles.find((each) => each.cycle === number);
  const traces = objects.traces.filter((each) => each.cycle === number);
  const broken =
    cycle?.error &&
    element("testcase", { classname: `cycle ${number}`, name: "the cycle runs" }, [
      element("failure", { type: cycle.error.code, message: cycle.error.message }),
    ]);
  const properties = Object.entries(cycle?.counts ?? {}).map(([name, value]) => element("property", { name, value }));
  const counts = {
    tests: traces.length + (broken ? 1 : 0),
    failures: traces.filter(({ status }) => status === "failure").length + (broken ? 1 : 0),
    skipped: traces.filter(({ status }) => status === "skipped").length,
    time: traces.reduce((total, { tookMs }) => total + tookMs, 0) / 1000,
  };
  const attributes = {
    name: `cycle ${number}${cycle ? `, ${cycle.kind}` : ""}`,
    ...counts,
    time: counts.time.toFixed(3),
    ...(cycle && { timestamp: new Date(cycle.timeBegan).toISOString().slice(0, 19) }),
  };
  const cases = traces.map(traceCase);
  return {
    ...counts,
    xml: element("testsuite", attributes, [
      ...(properties.length > 0 ? [element("properties", {}, properties)] : []),
      ...(broken ? [broken] : []),
      ...cases,
    ]),
  };
}

function traceCase(trace: KeptTrace): string {
  const { type, displayName, objectId, action, status, error, skipReason, tookMs, exchanges } = trace;
  const attributes = {
    classname: `${type}.${action}`,
    name: `${displayName} (${objectId})`,
    time: (tookMs / 1000).toFixed(3),
  };
  const failure = () =>
    element("failure", { type: error?.code ?? "failure", message: error?.reason ?? "" }, [
      xmlText(exchanges.map(told).join("\n\n")),
    ]);
  const children =
    status === "failure"
      ? [failure()]
      : status === "skipped"
        ? [element("skipped", { message: skipReason ?? "" })]
        : [];
  return element("testcase", attributes, children);
}

function findingSuite(findings: readonly Found[]): Suite {
  const cases = findings.map((found) => {
    const { title = found.id, why = "", change = "", severity, page } = findingOf(found.id) ?? {};
    const text = `${why}\n\n${change}\n\n${page?.title}: ${page?.url}\n\n${found.example ? told(found.example) : ""}`;
    const attributes = { classname: `findings.${severity}`, name: title };
    return element("testcase", attributes, [
      severity === "fault"
        ? element("failure", { type: found.id, message: `${title} (${found.count} times)` }, [xmlText(text)])
        : element("system-out", {}, [xmlText(text)]),
    ]);
  });
  const failures = findings.filter(({ id }) => findingOf(id)?.severity === "fault").length;
  const counts = { tests: cases.length, failures, skipped: 0, time: 0 };
  return { ...counts, xml: element("testsuite", { name: "findings", ...counts }, cases) };
}

const told = ({ method, path, request, status, failure, answer }: KeptExchange): string =>
  [`${method} ${path}`, request, `-> ${status ?? failure ?? "no answer"}`, answer]
    .filter((part) => part !== undefined && part !== "")
    .join("\n");

/** Children are XML; the values of attributes are text. */
function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly string[] = [],
): string {
  const given = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${attributeText(String(value))}"`)
    .join("");
  return children.length === 0 ? `<${name}${given}/>` : `<${name}${given}>${children.join("")}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" },
  ...{ "\n": "&#10;", "\r": "&#13;", "\t": "&#9;" },
};

/** Text as XML: characters that XML 1.0 cannot represent become U+FFFD. */
const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"\r]/g, (character) => ENTITIES[character]!);

/** Text as an attribute value, in which line breaks would become blanks. */
const attributeText = (text: string): string => xmlText(text).replace(/[\n\t]/g, (character) => ENTITIES[character]!);
