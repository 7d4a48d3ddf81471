// npm run bench:sync [-- people [people-in-OpenLDAP]]: a sync from a table in SQLite into another one, and into OpenLDAP: the plan, the first
// run, one that has nothing to do, and one after one person in a hundred has changed. Each run is a process of its own with the image's
// settings for memory. The floor is as many plain creations through the target's route.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startSlapd } from "../test/servers/slapd.ts";
import { openIntoSlapd } from "../test/servers/sync-directories.ts";
import { openSyncing, type Syncing } from "../test/servers/syncing.ts";
import { joiner } from "../test/suites/sync-kill.ts";
import { ROOT } from "./openldap.ts";

const [people = 100_000, peopleInDirectory = Math.ceil(people / 5)] = process.argv.slice(2).map(Number);

interface Cost {
  readonly seconds: number;
  readonly cpu: number;
  readonly mb: number;
  readonly told: string;
}

const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const settings = [...dockerfile.matchAll(/^ENV (NODE_OPTIONS|MALLOC_ARENA_MAX)="?([^"\n]*)"?$/gm)];
const env = { ...process.env, ...Object.fromEntries(settings.map(([, name, value]) => [name!, value!])) };

function cost(file: string, what: string, count: number): Promise<Cost> {
  const child = fork(join(ROOT, "bench/sync-run.ts"), [file, what, String(count)], { env });
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Cost));
    child.once("exit", (status) => reject(new Error(`${what} ended with ${status}`)));
  });
}

async function measure(name: string, count: number, open: () => Promise<Syncing>): Promise<void> {
  const row = ({ seconds, cpu, mb, told }: Cost, what: string) => {
    const each = ((cpu / count) * 1e6).toFixed(0);
    console.log(
      `| ${name}, ${count.toLocaleString("en")}: ${what} | ${seconds.toFixed(1)} | ${cpu.toFixed(1)} | ${each} | ${mb.toFixed(0)} |`,
    );
    console.error(told);
  };
  const bare = await open();
  row(await cost(bare.file, "floor", count), "floor, plain creations");
  await bare.close();
  const syncing = await open();
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  syncing.hr.exec("create index numbers on people (number)");
  for (let at = 0; at < count; at += 10_000)
    syncing.hire(...numbers.slice(at, at + 10_000).map((n) => joiner(n, count)));
  row(await cost(syncing.file, "plan", count), "plan");
  row(await cost(syncing.file, "run", count), "first run");
  row(await cost(syncing.file, "run", count), "nothing to do");
  const changed = numbers.filter((n) => n % 100 === 0);
  syncing.hire(...changed.map((n) => ({ ...joiner(n, count), title: "Another title" })));
  row(await cost(syncing.file, "run", count), "1 % changed");
  await syncing.close();
}

console.log("| run | seconds | CPU seconds | CPU, µs a person | peak RSS, MB |\n| --- | ---: | ---: | ---: | ---: |");
await measure("SQLite", people, () => openSyncing());
const slapd = await startSlapd();
await measure("OpenLDAP", peopleInDirectory, () => openIntoSlapd(slapd));
await slapd.stop();
