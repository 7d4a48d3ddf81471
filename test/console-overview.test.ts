import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Changes } from "../src/console/api/configuration.ts";
import type { ConnectorDetails } from "../src/console/api/connectors.ts";
import type { Attention, Overview } from "../src/console/api/overview.ts";
import { accessibilityFindings, isTooWide, LOOKS, launchBrowser, openPage } from "./servers/browser.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { type SignedIn, signedInTo } from "./servers/console.ts";
import { legacyHr, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";

const part = (data: object) => Buffer.from(JSON.stringify(data)).toString("base64url");
/** The token that the gateway sends to people's API: it expires in five days. */
const SECRET = `${part({ alg: "RS256" })}.${part({ exp: Math.floor(Date.now() / 1000) + 5 * 86_400 })}.nobody-sees-this`;

const folder = mkdtempSync(join(tmpdir(), "postern-console-"));
const mapping = join(folder, "user.yaml");
const authority = makeAuthority(folder);
let browser: Browser;
/** Somebody who is signed in as operator. */
let operator: SignedIn;
let gateway: TestGateway;
let config: Parameters<typeof startGateway>[0];
/** People's API: it has nobody, may take its time, and may be away. */
let api: Server;
const mood = { isAway: false, ms: 0 };
/** An API by TLS, whose certificate expires within a month. */
const own = makeCertificate(folder, "portal", "IP:127.0.0.1");
const portal = createSecureServer({ cert: readFileSync(own.certificate), key: readFileSync(own.key) }, (_, response) =>
  response.setHeader("content-type", "application/json").end("[]"),
);

beforeAll(async () => {
  writeFileSync(
    mapping,
    "resource: User\nkind: user\nattributes:\n  id: { attr: id, readOnly: true }\n  userName: login\n",
  );
  api = createServer(async (request, response) => {
    if (mood.isAway) return request.socket.destroy();
    await sleep(mood.ms);
    response.setHeader("content-type", "application/json").end("[]");
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => portal.listen(0, "127.0.0.1", resolve));
  const hr = legacyHr();
  const search = { path: "/users", query: { where: "$string($where)" } };
  const login = { filter: { eq: '{ "login": $value }' } };
  const crm = {
    type: "rest",
    url: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    kinds: { user: { key: "id", search, get: { path: "/users/{$key}" }, attributes: { login } } },
  };
  config = {
    ...hr,
    connectors: { ...hr.connectors, crm },
    routes: { ...hr.routes, "/crm": { User: { connector: "crm", mapping } } },
    safety: { "/scim/v2": { guard: { deletes: 0 } } },
    operations: { port: 0 },
    audit: { file: "audit.log" },
    console: {},
  };
  [gateway, browser] = await Promise.all([startGateway(config), launchBrowser()]);
  operator = await signedInTo(gateway);
});
afterAll(async () => {
  await Promise.all([gateway.stop(), browser.close()]);
  api.closeAllConnections();
  api.close();
  portal.closeAllConnections();
  portal.close();
  rmSync(folder, { recursive: true });
});

const send = (path: string, method = "GET") =>
  fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${TOKEN}` } });
const ask = async <Answer>(path: string) =>
  (await (await operator.get(`${gateway.operations}/console/api${path}`)).json()) as Answer;
const portalHost = () => `127.0.0.1:${(portal.address() as AddressInfo).port}`;
/** The configuration as it would be with a token that expires, and a certificate that does. */
const withEnds = () => {
  const crm = { ...(config.connectors as { crm: object }).crm, auth: { type: "bearer", token: SECRET } };
  const secure = { ...crm, url: `https://${portalHost()}`, tls: { ca: authority } };
  return { ...config, connectors: { ...config.connectors, crm: { ...crm, tls: { ca: authority } }, portal: secure } };
};
const look = (path: string, options: BrowserContextOptions = {}) =>
  openPage(browser, gateway.operations!, path, options, [operator.cookie]);

describe("the overview", () => {
  test("says that nothing needs anybody, which backends serve, and how requests go, also as a table", async () => {
    for (let each = 0; each < 5; each++) await (await send("/scim/v2/Users?count=1")).text();
    await (await send("/scim/v2/Users?filter=nonsense")).text();
    const { page, context, problems } = await look("/");
    await page.getByText("Nothing needs you.").waitFor();
    const rows = page.getByRole("table", { name: "Connectors" }).getByRole("row");
    expect(await rows.nth(1).innerText()).toMatch(/^hr sql\s+Up/);
    expect(await rows.nth(2).innerText()).toMatch(/^crm rest\s+Up/);
    await page.getByText("6 requests, 1 failed, at most 6 per minute, 95 % within").first().waitFor();
    await page.getByText("Show as a table").first().click();
    const table = page.getByRole("table", { name: "Requests and failures per minute" });
    expect(await table.getByRole("row").nth(1).innerText()).toMatch(/6\s+1$/);
    await page.getByLabel("Route").selectOption("/crm");
    await page.getByText("No request came in this period.").waitFor();
    await page.getByLabel("Route").selectOption("All routes");
    const nowhere = await operator.get(`${gateway.operations}/console/api/overview/series?route=/nowhere`);
    expect([nowhere.status, await nowhere.json()]).toEqual([404, { error: expect.stringContaining("no such route") }]);
    await page.getByLabel("Period").selectOption("Last 24 hours");
    await page.waitForURL(/span=day/);
    await page.getByText("6 requests, 1 failed").first().waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  test("names what needs attention, each with the page where it is dealt with", async () => {
    expect(gateway.reload(withEnds())).toBe(true);
    const { Resources } = (await (await send("/scim/v2/Users?count=1")).json()) as { Resources: { id: string }[] };
    expect((await send(`/scim/v2/Users/${Resources[0]!.id}`, "DELETE")).status).toBe(503);
    mood.isAway = true;
    for (let each = 0; each < 30; each++) await (await send('/crm/Users?filter=userName eq "ann"')).text();
    await expect
      .poll(async () => (await ask<Overview>("/overview")).attention.map(({ what }) => what).sort(), {
        timeout: 10_000,
      })
      .toEqual(["away", "breaker", "certificate", "certificate", "guard", "peer", "token", "token"]);
    const { attention, connectors } = await ask<Overview>("/overview");
    expect(attention).toContainEqual(
      expect.objectContaining({ what: "token", setting: "connectors.crm.auth.token" } satisfies Partial<Attention>),
    );
    expect(connectors.find(({ name }) => name === "crm")).toMatchObject({
      state: "away",
      breaker: "open",
      failure: { reason: expect.stringContaining("unreachable") },
    });

    const { page, context, problems } = await look("/");
    const items = page.getByRole("listitem");
    const toOf = (text: RegExp) => items.filter({ hasText: text }).getByRole("link").getAttribute("href");
    expect(await toOf(/change guard of \/scim\/v2 has stopped 1 change since /)).toBe("/console/guard");
    expect(await toOf(/^Now\s*crm has not served since .*\d+ calls failed within the hour: .* is unreachable/)).toBe(
      "/console/connectors/crm",
    );
    expect(await toOf(/circuit breaker of crm has been open since /)).toBe("/console/connectors/crm");
    expect(await toOf(/certificate of connectors.crm.tls.ca \(CN=Authority of the tests\) expires/)).toBe(
      "/console/configuration",
    );
    expect(await toOf(/certificate that 127.0.0.1:\d+ showed to portal on .* \(CN=dc1\) expires on/)).toBe(
      "/console/connectors/portal",
    );
    expect(await toOf(/token in connectors.crm.auth.token expires/)).toBe("/console/configuration");
    expect(await page.content()).not.toContain(SECRET);
    expect(problems).toEqual([]);
    await context.close();
  });
});

describe("a connector's page", () => {
  test("probes, also for whoever may only look, and tells in words what is wrong", async () => {
    const { page, context, problems } = await look("/connectors/crm");
    await page.getByRole("button", { name: "Probe now" }).click();
    await page.getByText(/Does not serve, after .* is unreachable/).waitFor();
    const log = readFileSync(join(gateway.folder, "audit.log"), "utf8");
    const record = JSON.parse(log.split("\n").findLast((line) => line.includes('"probed"'))!);
    expect(record).toMatchObject({ by: "local:tests", connector: "crm", result: "failed" });
    mood.isAway = false;
    await expect
      .poll(
        async () => {
          await page.getByRole("button", { name: "Probe now" }).click();
          return page.getByText(/Answered in/).count();
        },
        { timeout: 10_000, interval: 500 },
      )
      .toBe(1);
    await page.getByRole("table", { name: "Circuit breaker" }).getByText("open", { exact: true }).first().waitFor();
    const calls = page.getByRole("table", { name: "Calls in the last hour" });
    expect(await calls.getByRole("row").nth(1).innerText()).toMatch(/^search\s+30\s+30/);
    const pools = page.getByRole("table", { name: "Pools" });
    expect(await pools.getByRole("row").nth(1).innerText()).toMatch(/^127\.0\.0\.1:\d+\s+\d+ of \d+/);
    await page.goto(`${gateway.operations}/console/connectors/portal`);
    const peers = page.getByRole("table", { name: "Certificates of the backend’s servers" });
    expect(await peers.getByRole("row").nth(1).innerText()).toMatch(/CN=dc1\s+CN=Authority of the tests\s[\d\D]*Soon/);
    expect(problems).toEqual([]);
    await context.close();
  });

  test("checks rights and indexes when somebody asks", async () => {
    const { page, context } = await look("/connectors/hr");
    await page.getByText("person, by id").waitFor();
    await page.getByRole("button", { name: "Check" }).click();
    const findings = page.getByRole("table", { name: "Findings" });
    await findings
      .getByText(/every look-up by "mail_primary" scans the whole table/)
      .first()
      .waitFor();
    await page.reload();
    await findings
      .getByText(/every look-up by "mail_primary" scans the whole table/)
      .first()
      .waitFor();
    await context.close();
    // Another connector of the same name has not been looked at.
    const found = async () => (await ask<ConnectorDetails>("/connectors/hr")).found;
    expect(await found()).toBeDefined();
    const next = withEnds();
    const resilience = { concurrency: 5 };
    expect(
      gateway.reload({ ...next, connectors: { ...next.connectors, hr: { ...legacyHr().connectors.hr, resilience } } }),
    ).toBe(true);
    expect(await found()).toBeUndefined();
    expect(gateway.reload(next)).toBe(true);
  });

  test("shows slow calls in the backend's words, without people's values", async () => {
    mood.ms = 600;
    await expect.poll(async () => (await send('/crm/Users?filter=userName eq "ann.of.munich"')).status).toBe(200);
    mood.ms = 0;
    const { page, context } = await look("/connectors/crm");
    const slow = page.getByRole("table", { name: "Slow calls" });
    await slow.getByText("Show").first().click();
    const native = await slow.locator("pre").first().innerText();
    expect(native).toContain("GET");
    expect(native).toContain("/users");
    expect(await page.content()).not.toContain("ann.of.munich");
    expect(await page.content()).not.toContain(SECRET);
    await context.close();
  });

  test("of a connector that is not there says so", async () => {
    const { page, context } = await look("/connectors/nobody");
    await page.getByText("There is no connector of this name.").waitFor();
    await context.close();
  });
});

describe("the configuration's page", () => {
  const changes = () => ask<Changes>("/configuration/changes");
  const reload = (seal: string) =>
    operator.send(`${gateway.operations}/console/api/configuration/reload`, {
      method: "POST",
      headers: operator.headers,
      body: JSON.stringify({ seal }),
    });

  test("shows what is in force, without its secrets", async () => {
    const text = JSON.stringify(await ask("/configuration"));
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(TOKEN);
    const { page, context, problems } = await look("/configuration");
    const yaml = page.getByRole("region", { name: "Configuration in force" });
    await yaml.getByText("token: ‹secret›").waitFor();
    await page.getByText("Nothing: the files say what is in force.").waitFor();
    expect(await page.getByRole("definition").filter({ hasText: "gateway.config.yaml" }).innerText()).toContain(
      mapping,
    );
    await page.getByText("From Postern itself").waitFor();
    await page.getByLabel("Show").selectOption("With all defaults");
    await yaml.getByText("pageSize: 100").waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  test("tells what a reload would refuse: weaker safety, and mistakes with their place", async () => {
    expect(gateway.reload(withEnds())).toBe(true);
    const next = withEnds();
    next.connectors.crm.auth.token = "another-token-that-nobody-sees";
    const before = readFileSync(mapping, "utf8");
    writeFileSync(mapping, before.replace("userName: login", "userName: name"));
    expect(gateway.reload({ ...next, safety: {} })).toBe(false);
    const found = await changes();
    expect(found).toMatchObject({ isRefused: true, loosened: ["safety./scim/v2"] });
    expect(found.changed.map(({ name }) => name)).toEqual([expect.stringContaining("gateway.config.yaml"), mapping]);
    expect(found.changed[0]!.after).toContain("token: ‹secret, changed›");
    expect(found.changed[1]).toMatchObject({ before, after: before.replace("login", "name") });
    expect(JSON.stringify(found)).not.toContain("nobody");
    const { page, context } = await look("/configuration");
    await page.getByText(/The last reload was refused/).waitFor();
    await page.getByText("safety./scim/v2", { exact: true }).first().waitFor();
    expect(await page.getByRole("button", { name: "Reload …" }).isDisabled()).toBe(true);
    gateway.reload({ ...withEnds(), limits: { pageSise: 3 } });
    await page.getByRole("button", { name: "Look again" }).click();
    await page
      .getByText(/gateway.config.yaml:\d+:\d+ error: unknown key "pageSise", did you mean "pageSize"/)
      .waitFor();
    await page.getByText("^^^^^^^^").waitFor();
    const { attention } = await ask<Overview>("/overview");
    expect(attention.map(({ what }) => what)).toContain("reload");
    await context.close();
  });

  test("applies what was looked at and nothing else, and records who did it", async () => {
    const next = { ...config, limits: { pageSize: 7 }, log: { level: "warn" } };
    const before = await changes();
    writeFileSync(join(gateway.folder, "gateway.config.yaml"), stringifyWith(next));
    const found = await changes();
    expect(found.isRefused).toBe(false);
    expect(found.needRestart).toEqual(["log"]);
    expect(found.changed[0]!.after).toContain("pageSize: 7");
    expect((await reload(before.seal)).status).toBe(409);

    const { page, context, problems } = await look("/configuration");
    // The page is rendered some time before the reload, with no tick of its timers between.
    await page.addInitScript(`const real = Date.now; let behind = 60_000; Date.now = () => real() - behind;
      globalThis.catchUp = () => { behind = 0; }; globalThis.setInterval = () => 0;`);
    await page.reload();
    await page.getByText("Read", { exact: true }).waitFor();
    await page.evaluate("catchUp()");
    await page.getByRole("button", { name: "Reload …" }).click();
    const dialog = page.getByRole("dialog", { name: "Reload the configuration" });
    await dialog.getByText("level: warn").waitFor();
    await dialog.getByRole("button", { name: "Reload", exact: true }).click();
    await page.getByText("The configuration was reloaded. Takes effect at the next restart only: log.").waitFor();
    await page.getByRole("region", { name: "Configuration in force" }).getByText("pageSize: 7").waitFor();
    expect(await page.getByRole("definition").first().innerText()).toMatch(/^now|ago$/);
    const acts = readFileSync(join(gateway.folder, "audit.log"), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const [intent, outcome] = acts.filter(({ event }) => event === "reload" || event === "reloaded");
    expect(intent).toMatchObject({ event: "reload", by: "local:tests" });
    expect(outcome).toMatchObject({ event: "reloaded", by: "local:tests", intent: intent.id, result: "ok" });
    expect(problems).toEqual([]);
    await context.close();
  });
});

/** The pages, each with a heading that it has when all of it is there. */
const PAGES = [
  ["/", "Duration of requests"],
  ["/connectors", "Health and load"],
  ["/connectors/crm", "Circuit breaker"],
  ["/configuration", "In force"],
] as const;

describe("the pages", () => {
  test.each(LOOKS)("are readable to everybody, $look", async ({ look: _, ...options }) => {
    const { page, context, problems } = await look("/", { ...options, reducedMotion: "reduce" });
    for (const [path, heading] of PAGES) {
      await page.goto(`${gateway.operations}/console${path}`);
      await page.getByRole("heading", { name: heading, exact: true }).waitFor();
      expect(await accessibilityFindings(page), path).toEqual([]);
      expect(await isTooWide(page), path).toBe(false);
    }
    expect(problems).toEqual([]);
    await context.close();
  });
});

/** A configuration file as the tests' gateway has it. */
const stringifyWith = (given: object): string =>
  stringify({
    server: { port: 0 },
    log: { level: "error" },
    auth: [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }],
    ...given,
  });
