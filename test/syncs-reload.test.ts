import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type Running, start } from "../src/compose/compose.ts";
import { freePort } from "./servers/ports.ts";
import { registry } from "./servers/registry.ts";
import { openSyncing, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
let gateway: Running | undefined;
afterEach(async () => {
  await gateway?.stop();
  await syncing.close();
});

const PEOPLE = 1000;

test("a run ends on the connectors that it began with, though the configuration is read again twice meanwhile", async () => {
  const port = await freePort();
  syncing = await openSyncing({}, { config: { server: { port: 0 }, log: { level: "error" }, operations: { port } } });
  syncing.hire(
    ...Array.from({ length: PEOPLE }, (_, index) => ({
      number: String(index),
      given: `Given${index}`,
      family: "Family",
      hired: "2020-01-01",
    })),
  );
  gateway = await start(registry, syncing.file, {});
  const running = fetch(`http://127.0.0.1:${port}/syncs/people/run`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ first: true }),
  }).then((response) => response.json());
  await expect.poll(async () => (await syncing.accounts()).size, { timeout: 30_000 }).toBeGreaterThan(0);
  const change = (settings: object) => {
    const config = parse(readFileSync(syncing.file, "utf8"));
    for (const name of ["hr", "target"]) Object.assign(config.connectors[name], settings);
    writeFileSync(syncing.file, stringify(config));
    expect(gateway!.reload()).toBe(true);
  };
  change({ resilience: { concurrency: 9 } });
  change({ resilience: { concurrency: 10 } });
  expect(await running).toMatchObject({ outcome: "done", counts: { creates: { done: PEOPLE, failed: 0 } } });
  expect((await syncing.accounts()).size).toBe(PEOPLE);
}, 120_000);
