import { afterAll, beforeAll, describe, test } from "vitest";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";
import { startOpenLdapGateway } from "./servers/slapd.ts";
import { seedOf } from "./suites/draws.ts";
import { simulatorLaw } from "./suites/simulator.ts";

const BACKENDS: readonly [name: string, start: () => Promise<TestGateway>, runs: number][] = [
  ["SQLite", () => startGateway(legacyHr()), 60],
  ["OpenLDAP", startOpenLdapGateway, 30],
];

describe.each(BACKENDS)("the simulator before %s", (_, start, runs) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await start();
  });
  afterAll(() => gateway.stop());

  test("after every cycle the directory is as the source and the mapping say, and nothing is sent twice", async () => {
    await simulatorLaw(gateway, Number(process.env.RUNS ?? runs), seedOf());
  }, 900_000);
});
