// node bench/dashboard.ts: draws docs/pictures/dashboard.svg, the panels of examples/monitoring/dashboard.json over four minutes of a gateway on
// OpenLDAP. The numbers are Prometheus' own (`prometheus` must be on the PATH): an initial cycle, everyday changes, the directory away for
// twenty seconds, a wrong token, and deletions that the change guard stops.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { ROOT, TOKEN } from "../test/servers/gateway.ts";
import { freePort, listening } from "../test/servers/ports.ts";
import { openLdap, startSlapd } from "../test/servers/slapd.ts";
import { drawn, type Panel } from "./dashboard-picture.ts";

const SECONDS = Number(process.argv[2] ?? 240);
const RATE_INTERVAL = "10s";

interface Grafana {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number };
    readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
    readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), "postern-dashboard-"));
const slapd = await startSlapd();
const [port, operations, prometheusPort] = [await freePort(), await freePort(), await freePort()];
const file = join(folder, "gateway.config.yaml");
const config = (pageSize: number) =>
  writeFileSync(
    file,
    stringify({
      server: { port },
      log: { level: "error" },
      auth: [{ type: "bearer", tokens: [{ name: "entra", token: TOKEN }] }],
      operations: { port: operations },
      state: { url: "sqlite::memory:" },
      safety: { "/scim/v2": { guard: { deletes: 5 } } },
      limits: { pageSize },
      ...openLdap(slapd, ROOT),
    }),
  );
config(100);
const gateway = spawn(process.execPath, [join(ROOT, "src/main.ts"), "serve", "-c", file], { stdio: "ignore" });
writeFileSync(
  join(folder, "prometheus.yml"),
  stringify({
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: "postern", static_configs: [{ targets: [`127.0.0.1:${operations}`] }] }],
  }),
);
await listening("127.0.0.1", operations);
const prometheus = spawn(
  "prometheus",
  [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/tsdb`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ],
  { stdio: "ignore" },
);
await listening("127.0.0.1", prometheusPort);
await sleep(3000);

const call = async (method: string, path: string, body?: object, token = TOKEN) => {
  const response = await fetch(`http://127.0.0.1:${port}/scim/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json().catch(() => ({}))) as { id?: string } };
};

const ids: string[] = [];
const started = Date.now();
const elapsed = () => (Date.now() - started) / 1000 / (SECONDS / 240);
let made = 0;

async function create(): Promise<void> {
  const userName = `u${++made}`;
  await call("GET", `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  const name = { givenName: "Given", familyName: `Family ${made}` };
  const { body } = await call("POST", "/Users", { schemas, userName, displayName: `${userName} user`, name });
  if (body.id) ids.push(body.id);
}

async function change(): Promise<void> {
  const id = ids[Math.floor(Math.random() * ids.length)];
  if (id === undefined) return;
  await call("GET", `/Users/${id}`);
  const value = `Title ${Math.floor(Math.random() * 1000)}`;
  await call("PATCH", `/Users/${id}`, { Operations: [{ op: "Replace", path: "title", value }] });
}

/** What a client does at a time: an initial cycle for a minute, then changes that swell and ebb. */
async function client(n: number): Promise<void> {
  while (elapsed() < 240) {
    if (elapsed() < 60) await create();
    else {
      await change();
      if (n === 0) await call("GET", "/Users?count=100&attributes=userName");
      await sleep(30 + 25 * Math.sin(elapsed() / 12) + (n % 4) * 10);
    }
  }
}

async function at(seconds: number, act: () => unknown): Promise<void> {
  while (elapsed() < seconds) await sleep(50);
  await act();
}

await Promise.all([
  ...Array.from({ length: 8 }, (_, n) => client(n)),
  at(90, () => {
    config(200);
    gateway.kill("SIGHUP");
  }),
  at(130, () => slapd.kill()),
  at(150, () => slapd.restart()),
  at(175, async () => {
    while (elapsed() < 190)
      await call("GET", "/Users?count=1", undefined, "a-token-that-was-changed-0123").then(() => sleep(200));
  }),
  at(205, async () => {
    for (const id of ids.slice(0, 25)) await call("DELETE", `/Users/${id}`).then(() => sleep(300));
  }),
]);

const { panels } = JSON.parse(readFileSync(join(ROOT, "examples/monitoring/dashboard.json"), "utf8")) as Grafana;
const [from, to] = [started / 1000, Date.now() / 1000];

/** The series of an expression, as Prometheus has them. */
async function seriesOf({ expr, legendFormat }: Grafana["panels"][number]["targets"][number]) {
  const query = expr.replaceAll("$__rate_interval", RATE_INTERVAL);
  const parameters = new URLSearchParams({ query, start: String(from), end: String(to), step: "2" });
  const answer = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/query_range?${parameters}`);
  const { data } = (await answer.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return data.result.map(({ metric, values }) => {
    const { __name__: _, instance: _instance, job: _job, ...told } = metric;
    const labels: Record<string, string> = { ...told, instance: "gateway" };
    const legend = legendFormat?.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? "");
    return {
      name: legend || Object.values(told).join(" ") || "value",
      points: values.map(([time, value]) => [(time - from) / (to - from), Number(value)] as const),
    };
  });
}

const read: Panel[] = [];
for (const { title, gridPos, targets, fieldConfig } of panels)
  read.push({
    title,
    column: gridPos.x / 8,
    row: gridPos.y / 8,
    unit: fieldConfig?.defaults?.unit,
    series: (await Promise.all(targets.map(seriesOf))).flat(),
  });
writeFileSync(join(ROOT, "docs/pictures/dashboard.svg"), drawn(read));
gateway.kill();
prometheus.kill();
await slapd.stop();
await sleep(1000);
rmSync(folder, { recursive: true, force: true });
