import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import file from "../connectors/file/index.ts";
import { type Opened, openRoutes } from "../src/cli/opened.ts";
import { type RunWish, runNamed } from "../src/compose/syncs/syncs.ts";
import { loadConfig } from "../src/config/load.ts";
import { filesIn } from "../src/connector/kit/files.ts";
import { ENTERPRISE_USER } from "../src/scim/schema.ts";
import { memoryOf } from "../src/sync/person.ts";
import { planLine } from "../src/sync/report.ts";
import { HR_SAMPLE, hrSample } from "./data/hr-sample.ts";
import { type EntraServer, startEntra } from "./servers/entra.ts";
import { ROOT } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { openActiveDirectory, type Samba, startSamba } from "./servers/samba.ts";

const names = (domain: string) => ({
  value: ["", "$n"].map((n) => `$lowercase(name.givenName & "." & name.familyName)${n && ` & ${n}`} & "@${domain}"`),
  unique: true,
  when: "create",
});
const RULES = {
  externalId: "externalId",
  "name.givenName": "name.givenName",
  "name.familyName": "name.familyName",
  title: "title",
  active: { value: "active and $from(hr.hireDate)" },
  "enterprise:department": "enterprise:department",
  "enterprise:manager.value": { reference: "User", from: "enterprise:manager.value" },
};

describe("an HR export with several rows a person, into Active Directory and into Entra", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-hr-ad-"));
  let samba: Samba;
  let entra: EntraServer;
  let opened: Opened;
  const run = (name: string, wish: Partial<RunWish> = {}) =>
    runNamed(name, opened, { cause: "test", ...wish }, { signal: new AbortController().signal, now: entra.clock.now });
  const write = (text: string) => writeFileSync(join(folder, "workers.csv"), text);
  beforeAll(async () => {
    [samba, entra] = await Promise.all([startSamba(), startEntra()]);
    write(hrSample());
    const options = { file: join(folder, "workers.csv") };
    const request = { options, env: {}, mappings: join(ROOT, "mappings"), files: filesIn(folder) };
    const drafted = await file.init!.run({ ...request, signal: AbortSignal.timeout(30_000) });
    for (const [path, text] of drafted.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const config = parse(drafted.files.get("gateway.config.yaml")!);
    const ad = openActiveDirectory(samba, ROOT);
    const to = (more: object) => ({
      from: { route: "/hr" },
      asOf: { zone: "Europe/London" },
      guard: { creates: 1000 },
      ...more,
    });
    writeFileSync(
      join(folder, "gateway.config.yaml"),
      stringify({
        ...config,
        connectors: { ...config.connectors, ...ad.connectors, hr: { ...config.connectors.hr, settle: 0.05 } },
        routes: { ...config.routes, "/ad": ad.routes["/scim/v2"] },
        syncs: {
          "hr-to-ad": to({
            to: { route: "/ad" },
            match: ["externalId"],
            attributes: {
              ...RULES,
              userName: names("corp.example.test"),
              displayName: "displayName",
              password: { value: '$secret() & "aA1!"' },
            },
          }),
          "hr-to-entra": to({
            to: { entra: entra.settings },
            attributes: { ...RULES, userName: names("contoso.example"), displayName: "displayName" },
          }),
        },
      }),
    );
    opened = await openRoutes(
      loadConfig(join(folder, "gateway.config.yaml"), registry, { SCIM_TOKEN: "a-token-of-the-tests" }),
      {
        writes: false,
        clock: entra.clock,
      },
    );
  });
  afterAll(async () => {
    await opened?.close();
    await samba?.stop();
    await entra?.stop();
    rmSync(folder, { recursive: true });
  });

  const everybody = async (name: string) => {
    const store = opened.state.syncs.of(name);
    return store.listed({}, "", 10_000);
  };

  test("a plan tells of each person, and of each row that is not used", async () => {
    const report = await run("hr-to-ad", { isPlan: true });
    expect(report).toMatchObject({ outcome: "planned", counts: { creates: { planned: HR_SAMPLE.ids } } });
    const lines = (await everybody("hr-to-ad")).map((person) => planLine(person)!);
    const unused = lines.flatMap(({ notes }) => notes.filter((note) => note.startsWith("Not used: line ")));
    expect(unused).toHaveLength(HR_SAMPLE.rows - HR_SAMPLE.ids);
    expect(samba.ldapsearch("DC=corp,DC=example,DC=test", "(msDS-cloudExtensionAttribute1=*)", "dn")).not.toMatch(
      /^dn: CN/m,
    );
  });

  test("all are in Active Directory, each once, with their managers; a second run has nothing to do", async () => {
    const report = await run("hr-to-ad", { isFirst: true });
    expect(report, report.error).toMatchObject({
      outcome: "done",
      counts: { creates: { done: HR_SAMPLE.ids, failed: 0 } },
    });
    const found = samba.ldapsearch(
      "DC=corp,DC=example,DC=test",
      "(msDS-cloudExtensionAttribute1=*)",
      "msDS-cloudExtensionAttribute1",
      "manager",
    );
    const ids = [...found.matchAll(/^msDS-cloudExtensionAttribute1: (.*)$/gm)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(HR_SAMPLE.ids);
    expect(ids).toHaveLength(HR_SAMPLE.ids);
    const people = await everybody("hr-to-ad");
    const wanted = people.filter((person) => {
      const manager = (JSON.parse(person.resource)[ENTERPRISE_USER] as { manager?: { value?: string } })?.manager
        ?.value;
      return (
        manager !== undefined &&
        people.some(({ key }) => key === manager) &&
        !memoryOf(person).warnings?.some((each) => /own key|circle/.test(each))
      );
    });
    expect([...found.matchAll(/^manager: /gm)]).toHaveLength(wanted.length);
    expect(wanted.length).toBeGreaterThan(300);
    expect(await run("hr-to-ad")).toMatchObject({ outcome: "done", counts: {} });
    expect(await run("hr-to-ad", { isReconciling: true })).toMatchObject({ outcome: "done", counts: {} });
  }, 300_000);

  test("all are in Entra, in full requests, and Entra has told of each", async () => {
    const report = await run("hr-to-entra", { isFirst: true });
    expect(report, report.error).toMatchObject({ outcome: "done", counts: { creates: { done: HR_SAMPLE.ids } } });
    expect(entra.seen.filter(({ path }) => path.endsWith("bulkUpload"))).toHaveLength(Math.ceil(HR_SAMPLE.ids / 50));
    entra.clock.advance(20 * 60_000);
    await run("hr-to-entra");
    expect(entra.users.size).toBe(HR_SAMPLE.ids);
    const statuses = Map.groupBy(await everybody("hr-to-entra"), ({ status }) => status);
    expect([...statuses.keys()].toSorted()).toEqual(["ok", "left"].filter((each) => statuses.has(each)).toSorted());
  });

  test("a file that lost its second half changes nobody in either", async () => {
    const lines = hrSample().split("\n");
    write(`${lines.slice(0, 400).join("\n")}\n`);
    for (const name of ["hr-to-ad", "hr-to-entra"])
      expect(await run(name)).toMatchObject({
        outcome: "failed",
        counts: {},
        error: expect.stringContaining("has lost"),
      });
  }, 300_000);
});
