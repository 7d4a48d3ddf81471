import type { Asked } from "../compose/ask-connector.ts";
import { endpointsOf } from "../compose/compose.ts";
import { rehearse } from "../compose/rehearsal.ts";
import { ConfigError, type Diagnostic } from "../config/diagnostic.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { Connector, Finding } from "../connector/connector.ts";
import type { Rules } from "../sync/rules.ts";
import { askAll } from "./asked.ts";
import { EXIT } from "./exit.ts";
import { counted, problemsText } from "./problems.ts";
import { pushdownTable, unansweredFilters } from "./pushdown.ts";

/** The forms in which `check` tells what it found. */
export const CHECK_FORMATS = ["text", "json"] as const;

/** What is asked of `check`. */
export interface CheckOptions {
  readonly registry: Registry;
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether connectors are asked, too. */
  readonly connect: boolean;
  /** Whether a warning is a finding. */
  readonly denyWarnings: boolean;
  readonly format: (typeof CHECK_FORMATS)[number];
}

/** What was found. */
interface Report {
  readonly problems: readonly Diagnostic[];
  readonly asked: readonly Asked[];
  /** What there is, where the configuration can be used: routes with what is pushed down, and syncs. */
  readonly overview: readonly string[];
}

/**
 * Says what is wrong with a configuration and its mappings, and what of them is pushed down; with `connect` whether what it names serves. Gives
 * the exit status: see `EXIT`.
 */
export async function checkCommand(options: CheckOptions): Promise<number> {
  const report = await reportOf(options);
  const status = statusOf(report, options);
  console.log(options.format === "json" ? json(report, options, status) : text(report, options));
  return status;
}

/** What is found, as data. */
export async function reportOf({ registry, file, env, connect }: CheckOptions): Promise<Report> {
  let loaded: Loaded;
  try {
    loaded = loadConfig(file, registry, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.diagnostics, asked: [], overview: [] };
  }
  const { connectors, mistakes } = await rehearse(loaded);
  try {
    if (mistakes.length > 0) return { problems: [...mistakes, ...loaded.warnings], asked: [], overview: [] };
    const { warnings, overview } = overviewOf(loaded, connectors);
    return {
      problems: [...loaded.warnings, ...warnings],
      asked: connect ? await askAll(loaded, connectors) : [],
      overview,
    };
  } finally {
    await Promise.all([...connectors.values()].map((connector) => connector.close()));
  }
}

function overviewOf(loaded: Loaded, connectors: ReadonlyMap<string, Connector>) {
  const warnings = new Map<string, Diagnostic>();
  const overview: string[] = [];
  for (const [route, types] of loaded.routes)
    for (const [type, endpoint] of endpointsOf(loaded, route, connectors)) {
      overview.push(`${route} ${type}, by ${endpoint.name}\n${pushdownTable(endpoint)}`);
      // A mapping that several routes share is told once.
      for (const each of unansweredFilters(endpoint, types.get(type)!)) warnings.set(JSON.stringify(each), each);
    }
  for (const [name, rules] of loaded.syncs) overview.push(syncText(name, loaded, rules));
  return { warnings: [...warnings.values()], overview };
}

/** What a sync does, in a few lines. */
function syncText(name: string, { config }: Loaded, { rules, match }: Rules): string {
  const { from, to, schedule = "by hand, or by a signal" } = config.syncs[name]!;
  const target = "route" in to ? to.route : `Entra's job ${to.entra.job}`;
  const named = rules.map(({ place }) => place.name).join(", ");
  return `sync ${name}: ${from.route} -> ${target}, ${schedule}\n  matches by ${match.map((place) => place.name).join(", then ")}\n  writes ${named}`;
}

/** How a finding is labelled. */
const labelOf = ({ ok, severity }: Finding): "ok" | "MISSING" | "SLOW" | "UNKNOWN" => {
  if (ok === true) return "ok";
  return ok === "unknown" ? "UNKNOWN" : severity === "warning" ? "SLOW" : "MISSING";
};

interface Counts {
  readonly errors: number;
  readonly warnings: number;
  readonly accepted: number;
  readonly missing: number;
  readonly slow: number;
  readonly unknown: number;
  /** What did not answer. */
  readonly away: readonly string[];
}

function countsOf({ problems, asked }: Report): Counts {
  const labels = asked.flatMap(({ findings }) => findings.map(labelOf));
  const labelled = (label: string) => labels.filter((each) => each === label).length;
  const open = problems.filter(({ accepted }) => accepted === undefined);
  return {
    errors: open.filter(({ severity }) => severity === "error").length,
    warnings: open.filter(({ severity }) => severity === "warning").length,
    accepted: problems.length - open.length,
    missing: labelled("MISSING"),
    slow: labelled("SLOW"),
    unknown: labelled("UNKNOWN"),
    away: asked.filter(({ isThere }) => !isThere).map(({ name }) => name),
  };
}

function statusOf(report: Report, { denyWarnings }: CheckOptions): number {
  const { errors, warnings, missing, slow, away } = countsOf(report);
  if (errors + missing > 0 || (denyWarnings && warnings + slow > 0)) return EXIT.findings;
  return away.length > 0 ? EXIT.unreachable : EXIT.fine;
}

function text(report: Report, { file }: CheckOptions): string {
  const { problems, asked, overview } = report;
  const told = problems.filter(({ accepted }) => accepted === undefined);
  const answers = asked.map(({ name, says, isThere, findings }) => {
    const lines = findings.map((each) => `  ${labelOf(each).padEnd(7)} ${each.text}`);
    return [`${name}: ${says}`, ...(isThere ? lines : [])].join("\n");
  });
  return [
    ...overview,
    ...(told.length > 0 ? [problemsText(told)] : []),
    ...(answers.length > 0 ? [answers.join("\n")] : []),
    lastLine(file, countsOf(report)),
  ].join("\n\n");
}

/** What was found, in one line: the last one, so that nobody has to look for it. */
function lastLine(file: string, { errors, warnings, accepted, missing, slow, unknown, away }: Counts): string {
  const found = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(missing > 0 ? [`${missing} MISSING`] : []),
    ...(away.length > 0 ? [`no answer from ${away.join(", ")}`] : []),
    ...(warnings > 0 ? [counted(warnings, "warning")] : []),
    ...(slow > 0 ? [`${slow} SLOW`] : []),
    ...(unknown > 0 ? [`${unknown} UNKNOWN`] : []),
  ];
  const aside = accepted > 0 ? ` (${counted(accepted, "warning")} accepted in the files)` : "";
  return `${file}: ${found.length === 0 ? "all is well" : found.join(", ")}${aside}.`;
}

function json(report: Report, { file }: CheckOptions, status: number): string {
  const { away, ...counts } = countsOf(report);
  const asked = report.asked.map(({ findings, ...each }) => ({
    ...each,
    findings: findings.map((finding) => ({ state: labelOf(finding).toLowerCase(), text: finding.text })),
  }));
  return JSON.stringify({ file, status, ...counts, away, problems: report.problems, asked }, undefined, 2);
}
