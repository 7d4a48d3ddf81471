// npm run bench:simulator [-- people [cycles]]: a month of one tenant as the Entra simulator has it, at speed, before a gateway on OpenLDAP:
// an initial cycle, then an incremental cycle for each 40 minutes with a few edits. Gateway and simulator are processes of their own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { openEndpoint } from "../src/cli/scim-endpoint.ts";
import { ROOT } from "../test/servers/gateway.ts";
import { freePort } from "../test/servers/ports.ts";
import { publishedSchema } from "../test/servers/simulating.ts";
import { openLdap, startSlapd } from "../test/servers/slapd.ts";

const [people = 50_000, cycles = 30 * 36] = process.argv.slice(2).map(Number);
const SHARE = 10 / people;
const TOKEN = "a-token-of-the-benchmark";

/** Peak resident memory of a process so far, in MB. */
const peakOf = ({ pid }: ChildProcess): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;

const folder = mkdtempSync(join(tmpdir(), "postern-month-"));
const slapd = await startSlapd();
const port = await freePort();
const config = join(folder, "gateway.config.yaml");
const auth = [{ type: "bearer", tokens: [{ name: "bench", token: TOKEN }] }];
writeFileSync(config, stringify({ server: { port }, log: { level: "error" }, auth, ...openLdap(slapd, ROOT) }));
const program = join(ROOT, "src/main.ts");
const gateway = spawn(process.execPath, [program, "serve", "-c", config], { stdio: "inherit" });
const url = `http://127.0.0.1:${port}/scim/v2`;
const endpoint = openEndpoint({ url, token: TOKEN, timeout: 20 }, {});
while ("failure" in (await endpoint.send("GET", "/ServiceProviderConfig"))) await sleep(200);

// What the directory holds; its telephone numbers are of PrintableString, and drawn ones are not.
const schema = await publishedSchema(endpoint);
for (const { objectMappings } of schema.synchronizationRules)
  for (const mapping of objectMappings)
    mapping.attributeMappings = mapping.attributeMappings.filter(
      ({ targetAttributeName: name }) => !/^phone/.test(name),
    );
writeFileSync(join(folder, "schema.json"), JSON.stringify(schema));
await endpoint.close();

/** Runs a command of the simulator. Gives its peak memory and how long it took. */
async function simulate(...args: string[]): Promise<{ readonly seconds: number; readonly mb: number }> {
  const common = ["--endpoint", url, "--token", TOKEN, "--state", join(folder, "state"), "--no-verify"];
  const job = ["--schema", join(folder, "schema.json"), "--parallel", "4", "--members-per-request", "100"];
  const began = performance.now();
  const child = spawn(process.execPath, [program, "simulate", "entra", ...args, ...common, ...job], {
    stdio: "inherit",
  });
  let mb = 0;
  const watch = setInterval(() => {
    mb = Math.max(mb, peakOf(child));
  }, 500);
  await new Promise((resolve) => child.once("exit", resolve));
  clearInterval(watch);
  return { seconds: (performance.now() - began) / 1000, mb };
}

const initial = await simulate("cycle", "--people", String(people), "--groups", String(people / 100));
const first = JSON.parse(readFileSync(join(folder, "state/report.json"), "utf8"));
const month = await simulate("watch", "--speed", "1000000", "--cycles", String(cycles), "--edits", String(SHARE));
const whole = JSON.parse(readFileSync(join(folder, "state/report.json"), "utf8"));
console.log("initial", initial, JSON.stringify(first.total ?? first.report?.total));
console.log("month", month, JSON.stringify(whole.total ?? whole.report?.total));
console.log("purposes", JSON.stringify(whole.purposes ?? whole.report?.purposes));
console.log("objects", JSON.stringify((whole.objects ?? whole.report?.objects)?.counts));
console.log("gateway, peak MB", peakOf(gateway));
gateway.kill();
await slapd.stop();
rmSync(folder, { recursive: true });
