import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { ROOT } from "./gateway.ts";

const HELM = join(ROOT, ".cache/helm/helm");
const MANIFESTS = join(ROOT, ".cache/helm/manifests");
/** The oldest Kubernetes that the chart allows. */
const KUBERNETES = "1.30";

/** The chart's folder. */
export const CHART = join(ROOT, "deploy/helm/postern");
/** Whether Helm was built: `scripts/install.mjs --servers` does so where there is Go. */
export const hasHelm = existsSync(HELM) && existsSync(MANIFESTS);

/** The configuration of the chart's default values. */
export const trialText: string = parse(readFileSync(join(CHART, "values.yaml"), "utf8")).config;
/** The same, as an object. */
export const trial = () => parse(trialText);

/** A Kubernetes object, as far as tests look at it. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: what is in it depends on the kind
  readonly [part: string]: any;
}

/** What Helm made of the chart. */
export interface Rendered {
  readonly ok: boolean;
  /** The manifests as text, or what Helm said where it refused. */
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

/** Runs a command of Helm's on the chart, for a release called postern. */
function helm(command: readonly string[], values: object, chart = CHART): { ok: boolean; out: string; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "postern-helm-"));
  const file = join(folder, "values.yaml");
  writeFileSync(file, stringify(values));
  const args = [...command, chart, "--namespace", "identity", "--kube-version", KUBERNETES, "--values", file];
  const home = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
  const { status, stdout, stderr } = spawnSync(HELM, args, { encoding: "utf8", env: { ...process.env, ...home } });
  rmSync(folder, { recursive: true });
  return { ok: status === 0, out: stdout, said: stderr };
}

/** Renders the chart with values. */
export function render(values: object): Rendered {
  const { ok, out, said } = helm(["template", "postern"], values);
  if (!ok) return { ok, text: said, manifests: [] };
  const documents = parseAllDocuments(out, { version: "1.1" });
  if (!Array.isArray(documents)) throw new Error("the chart renders nothing");
  return {
    ok,
    text: out,
    manifests: documents.map((each) => each.toJS() as Manifest | null).filter((each) => each !== null),
  };
}

/** What an installation with values tells its user. Helm shows it to clusters alone, so that a copy of the chart has it as a manifest. */
export function notes(values: object): string {
  const copy = mkdtempSync(join(tmpdir(), "postern-chart-"));
  cpSync(CHART, copy, { recursive: true });
  renameSync(join(copy, "templates/NOTES.txt"), join(copy, "files/notes"));
  writeFileSync(join(copy, "templates/notes.yaml"), 'notes: {{ tpl (.Files.Get "files/notes") . | toJson }}');
  const { ok, out, said } = helm(["template", "postern", "--show-only", "templates/notes.yaml"], values, copy);
  rmSync(copy, { recursive: true });
  return ok ? (parse(out) as { notes: string }).notes : said;
}

/** What `helm lint --strict` finds wrong; nothing where all is well. */
export function lint(values: object): string {
  const { ok, out, said } = helm(["lint", "--strict"], values);
  return ok ? "" : out + said;
}

/** Fields that the published Kubernetes types do not have, values of another type than theirs, and kinds that are not known. */
export function mistakesIn(manifests: string): string[] {
  try {
    execFileSync(MANIFESTS, { input: manifests });
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout}${stderr}`.trim().split("\n");
  }
}
