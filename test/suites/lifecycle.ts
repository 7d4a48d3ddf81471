import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { replay, type Step } from "../clients/replay.ts";
import { ROOT, type TestGateway } from "../servers/gateway.ts";

const { steps } = JSON.parse(readFileSync(join(ROOT, "test/clients/entra/lifecycle.json"), "utf8")) as {
  steps: Step[];
};

const names = {
  mgr: "maria.berg@example.com",
  usr: "ola.nordmann@example.com",
  usr_upper: "OLA.NORDMANN@EXAMPLE.COM",
  grp: "Project Fjord",
};
const numbered = steps.map((step, index) => [`${index + 1}. ${step.name}`, step] as const);

/** Whether a step is about groups. */
export const isOfGroups = ({ path, method }: Step): boolean =>
  path.startsWith("/Groups/") || (path === "/Groups" && method === "POST");

/**
 * The same life on a backend whose model lacks something: each request that it has a place for is answered as it must be, and each
 * that is a gap is not.
 */
export function lifecycleWithGaps(of: string, gateway: () => TestGateway, isGap: (step: Step) => boolean): void {
  describe(`lives through Entra's requests as far as ${of}`, () => {
    test.each(numbered)("%s", async (_, step) => {
      const problems = await replay(gateway(), step, names);
      if (isGap(step)) expect(problems).not.toEqual([]);
      else expect(problems).toEqual([]);
    });
  });
}

/** A gateway, and the lines of what is in the backend behind it, where that can be shown. */
export interface Lifecycle {
  readonly gateway: TestGateway;
  readonly snapshot?: () => string[];
}

/** One user's life as Entra drives it: each request is answered as it must be, and changes in the backend what it is to. */
export function lifecycleSuite(backend: string, start: () => Promise<Lifecycle>): void {
  describe(`a user's life as Entra drives it, on ${backend}`, () => {
    let lifecycle: Lifecycle;
    beforeAll(async () => {
      lifecycle = await start();
    });
    afterAll(() => lifecycle.gateway.stop());

    test.each(numbered)("%s", async (name, step) => {
      const { gateway, snapshot } = lifecycle;
      const before = snapshot?.();
      expect(await replay(gateway, step, names)).toEqual([]);
      const after = snapshot?.();
      if (!before || !after) return;
      const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`);
      const come = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`);
      expect({ name, change: [...gone, ...come] }).toMatchSnapshot();
    });
  });
}
