import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { replay, type Step } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { DOMAIN, openActiveDirectory, type Samba, startSamba } from "./servers/samba.ts";

const { steps } = JSON.parse(readFileSync(join(ROOT, "test/clients/entra/lifecycle.json"), "utf8")) as {
  steps: Step[];
};

describe("a user's life as Entra drives it, on Active Directory over LDAPS", () => {
  let samba: Samba;
  let gateway: TestGateway;
  const names = {
    mgr: "maria.berg@example.com",
    usr: "ola.nordmann@example.com",
    usr_upper: "OLA.NORDMANN@EXAMPLE.COM",
    grp: "Project Fjord",
  };
  // What the domain numbers, dates and counts by itself differs from run to run.
  const own = /^(objectGUID|objectSid|whenC|uSN|pwdLastSet|badP|lastLogo|logonCount|codePage|countryCode|instanceType)/;
  const snapshot = () =>
    samba
      .ldapsearch(DOMAIN, "(|(&(objectClass=user)(userPrincipalName=*))(&(objectClass=group)(displayName=*)))", "*")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#") && !own.test(line));
  beforeAll(async () => {
    samba = await startSamba();
    gateway = await startGateway(openActiveDirectory(samba, ROOT));
  });
  afterAll(async () => {
    await gateway.stop();
    await samba.stop();
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
