// The company in a container of its own, beside OpenLDAP and the gateway: demo/docker-compose.yaml starts this file.
import { setTimeout as sleep } from "node:timers/promises";
import { isListening } from "./process.ts";
import { type Environment, settingsIn } from "./settings.ts";
import { prepareWorld } from "./world.ts";

/** How long the directory and the gateway may take to start, in seconds. */
const START_S = 120;

async function listening(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (let second = 0; second < START_S; second++, await sleep(1000))
    if (await isListening(hostname, Number(port))) return;
  throw new Error(`Nothing listens at ${url}.`);
}

async function serve(env: Environment): Promise<void> {
  const { people, places, secrets } = settingsIn(env);
  const ending = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => ending.abort());
  await listening(`ldap://${places.directory.host}:${places.directory.port}`);
  const part = { pace: 1, say: (line: string) => console.log(line), signal: ending.signal };
  const world = await prepareWorld(people, places, secrets, part);
  await listening(places.gateway);
  await world.run();
  await world.stop();
}

await serve(process.env);
