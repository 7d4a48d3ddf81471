import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { replay, type Step } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, type Slapd, startSlapd } from "./servers/slapd.ts";

const { steps } = JSON.parse(readFileSync(join(ROOT, "test/clients/entra/lifecycle.json"), "utf8")) as {
  steps: Step[];
};

describe("a user's life as Entra drives it, on OpenLDAP", () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  const names = {
    mgr: "maria.berg@example.com",
    usr: "ola.nordmann@example.com",
    usr_upper: "OLA.NORDMANN@EXAMPLE.COM",
    grp: "Project Fjord",
  };
  const snapshot = () =>
    slapd
      .ldapsearch("(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))", "*", "pwdAccountLockedTime")
      .trim()
      .split("\n")
      .filter(Boolean);
  beforeAll(async () => {
    slapd = await startSlapd();
    gateway = await startGateway(openLdap(slapd, ROOT));
  });
  afterAll(async () => {
    await gateway.stop();
    await slapd.stop();
  });

  test.each(steps.map((step, index) => [index, `${index + 1}. ${step.name}`, step] as const))(
    "%#. %s",
    async (_, name, step) => {
      const before = snapshot();
      expect(await replay(gateway, step, names)).toEqual([]);
      const after = snapshot();
      const change = [
        ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
        ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
      ];
      expect({ name, change }).toMatchSnapshot();
    },
  );
});
