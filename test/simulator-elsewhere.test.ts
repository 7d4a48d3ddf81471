import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingOf } from "../src/entra/findings/index.ts";
import { drawPopulation } from "../src/entra/population/index.ts";
import { createCollector } from "../src/entra/report/collector.ts";
import { startScim2Server } from "./servers/scim2-server.ts";
import { openSimulating } from "./servers/simulating.ts";

describe("the Entra simulator before scim2-server, which nobody here wrote", () => {
  let server: Awaited<ReturnType<typeof startScim2Server>>;
  beforeAll(async () => {
    server = await startScim2Server();
  });
  afterAll(() => server.stop());

  test("finds what Entra would stumble over there, says how often, what to change, and why the server refused", async () => {
    const entra = openSimulating(server);
    entra.simulation.apply(drawPopulation({ people: 40, groups: 4, seed: 5 }));
    const summary = await entra.simulation.cycle("initial");
    expect(summary.counts["create success"]).toBeGreaterThan(30);
    const reasons = new Set(
      entra.told.traces.flatMap(({ type, error }) => (error ? [`${type}: ${error.reason}`] : [])),
    );
    const collector = createCollector();
    for (const each of entra.told.exchanges) collector.exchange(each);
    for (const each of entra.told.observations) collector.observation(each);
    const found = collector.report().findings.map(({ id, count }) => ({ id, count, change: findingOf(id)?.change }));
    // It knows no manager without its URN, and no schema that it does not publish.
    expect([...reasons].join("\n")).toMatch(/User: The search was answered with 400: .*manager/);
    expect([...reasons].join("\n")).toMatch(
      /Group: The creation was answered with 400: .*2006\/11\/ResourceManagement/,
    );
    for (const { change } of found) expect(change).toMatch(/\w/);
    await entra.close();
  });
});
