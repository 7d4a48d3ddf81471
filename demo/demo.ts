// `npm run demo`: a made-up company, with a gateway in front of it, until Ctrl-C. Everything is in one temporary folder, which is deleted.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startGateway } from "./gateway.ts";
import { freePort } from "./process.ts";
import { isSlapdInstalled, startSlapd } from "./slapd.ts";
import { type Places, prepareWorld, type Secrets } from "./world.ts";

const HOST = "127.0.0.1";
const USAGE = `Usage: npm run demo -- [options]

A made-up company in a private OpenLDAP, Postern in front of it, and a simulated Entra that changes it. Ctrl-C ends and deletes all of it.

  --port <number>    the port of the operators' address (default: 9464, or any that is free)
  --people <number>  people in the company (default: 400)
  --pace <times>     how much faster things happen (default: 1)
`;

/** What the demo is asked for. */
interface Options {
  readonly port: number | undefined;
  readonly people: number;
  readonly pace: number;
}

function optionsIn(args: readonly string[]): Options | undefined {
  const number = (text: string | undefined, least: number, most: number): number | undefined => {
    const value = text === undefined ? undefined : Number(text);
    if (value !== undefined && !(value >= least && value <= most))
      throw new Error(`${text} must be a number from ${least} to ${most}.`);
    return value;
  };
  const string = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { port: string, people: string, pace: string, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return undefined;
  return {
    port: number(values.port, 1, 65_535),
    people: Math.round(number(values.people, 20, 5000) ?? 400),
    pace: number(values.pace, 0.1, 100) ?? 1,
  };
}

/** Runs the demo until it is told to end. Rejects with a sentence if something cannot be started. */
async function demo({ port, people, pace }: Options): Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => ending.abort());
  const folder = mkdtempSync(join(tmpdir(), "postern-demo-"));
  const undo: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const say = (line: string) => console.log(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
  try {
    const secrets = secretsMade();
    const places = await placesFor(folder, port);
    mkdirSync(places.hr);
    console.log(`Starting OpenLDAP with a company of ${people} people ...`);
    const slapd = await startSlapd(folder, places.directory.port, secrets.directory);
    undo.push(slapd.stop);
    const world = await prepareWorld(people, places, secrets, { pace, say, signal });
    undo.push(world.stop);
    const gateway = await startGateway(folder, places, secrets, pace);
    undo.push(gateway.stop);
    gateway.ended.then(() => !signal.aborted && ending.abort(new Error(`The gateway ended. ${gateway.log()}`)));
    console.log(greeting(folder, places, secrets, await gateway.link()));
    await world.run();
    if (signal.reason instanceof Error && signal.reason.name !== "AbortError") throw signal.reason;
  } finally {
    ending.abort();
    for (const each of undo.reverse()) await each();
  }
}

/** Addresses on this machine that are free, and the folder of HR's exports. */
async function placesFor(folder: string, wanted: number | undefined): Promise<Places> {
  const operations = await freePort(wanted ?? 9464);
  if (wanted !== undefined && operations !== wanted) throw new Error(`Port ${wanted} is in use. Choose another one.`);
  const free = async () => ({ host: HOST, port: await freePort() });
  return {
    directory: await free(),
    relay: await free(),
    badges: await free(),
    gateway: `http://${HOST}:${await freePort(8880)}`,
    operations: `http://${HOST}:${operations}`,
    hr: join(folder, "hr"),
  };
}

const secretsMade = (): Secrets => {
  const secret = () => randomBytes(24).toString("base64url");
  return { directory: secret(), entra: secret(), reception: secret(), operator: secret() };
};

const greeting = (
  folder: string,
  { gateway, operations }: Pick<Places, "gateway" | "operations">,
  { operator }: Secrets,
  link: string,
) => `
Postern serves a made-up company. Open the console within ten minutes:

  ${link}

  SCIM       ${gateway}/scim/v2, /expenses, /badges, /hr
  operators  ${operations}/journal, /guard, /syncs, /metrics
  token      ${operator}

Try, in another terminal:

  export POSTERN_ADMIN_TOKEN=${operator}
  npx node bin/postern.cjs journal list --failures --url ${operations}
  npx node bin/postern.cjs guard status --url ${operations}

Another link to the console, for another browser:

  npx node --env-file=${folder}/demo.env bin/postern.cjs console -c ${folder}/gateway.config.yaml

Ctrl-C ends the demo, and deletes all of it.
`;

if (!isSlapdInstalled()) {
  console.error("The demo needs OpenLDAP's server: apt-get install --no-install-recommends slapd (Debian, Ubuntu).");
  process.exit(1);
}
try {
  const options = optionsIn(process.argv.slice(2));
  if (options) await demo(options);
  else console.log(USAGE);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
