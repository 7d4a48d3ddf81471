import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { replay, type Step } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";

const { steps } = JSON.parse(readFileSync(join(ROOT, "test/clients/entra/lifecycle.json"), "utf8")) as {
  steps: Step[];
};

describe("a user's life as Entra drives it, on the embedded SQLite database", () => {
  let gateway: TestGateway;
  const names = {
    mgr: "maria.berg@example.com",
    usr: "ola.nordmann@example.com",
    usr_upper: "OLA.NORDMANN@EXAMPLE.COM",
    grp: "Project Fjord",
  };
  beforeAll(async () => {
    gateway = await startGateway(legacyHr());
  });
  afterAll(() => gateway.stop());

  test.each(steps.map((step, index) => [`${index + 1}. ${step.name}`, step] as const))("%s", async (_, step) => {
    expect(await replay(gateway, step, names)).toEqual([]);
  });
});
