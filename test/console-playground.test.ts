import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFindings, isTooWide, LOOKS, launchBrowser, openPage, signedIn } from "./servers/browser.ts";
import { type SignedIn, signedInTo } from "./servers/console.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;

const folder = mkdtempSync(join(tmpdir(), "postern-play-"));
const mappingFile = join(folder, "user.yaml");
// The table has another column, `time_zone`, that no mapping names.
const original = readFileSync(join(ROOT, "mappings/legacy-hr/user.yaml"), "utf8").replace(
  "  timezone: time_zone\n",
  "",
);
let gateway: TestGateway;
let browser: Browser;
let operator: SignedIn;

beforeAll(async () => {
  writeFileSync(mappingFile, original);
  cpSync(join(ROOT, "mappings/legacy-hr/user.test.yaml"), join(folder, "user.test.yaml"));
  const { connectors, routes } = legacyHr();
  const types = { ...routes["/scim/v2"], User: { connector: "hr", mapping: mappingFile } };
  [gateway, browser] = await Promise.all([
    startGateway({
      connectors,
      routes: { "/scim/v2": types },
      operations: { port: 0 },
      state: { url: "sqlite:state.db" },
      audit: { file: join(folder, "audit.log") },
      console: { playground: { save: true } },
    }),
    launchBrowser(),
  ]);
  operator = await signedInTo(gateway);
});
afterAll(async () => {
  await Promise.all([gateway.stop(), browser.close()]);
  rmSync(folder, { recursive: true });
});

const PLACE = { route: "/scim/v2", type: "User" };
const call = async (path: string, body: object, headers = operator.headers) => {
  const url = `${gateway.operations}/console/api/mappings/${path}`;
  const answer = await operator.send(url, { method: "POST", headers, body: JSON.stringify({ ...PLACE, ...body }) });
  return { status: answer.status, json: (await answer.json()) as Json };
};
const file = async (): Promise<Json> => {
  const query = new URLSearchParams(PLACE);
  return (await operator.get(`${gateway.operations}/console/api/mappings/file?${query}`)).json();
};
const entry = { kind: "entry", entry: { id: "7", login: "ann", full_name: "Ann Berg" } };

describe("the playground's requests", () => {
  test("a draft is compiled and tried: the mapping in force stays as it is", async () => {
    const draft = original.replace("title: job_title", "title: { read: '$uppercase(full_name)' }");
    const { json } = await call("play", { mapping: draft, input: entry });
    expect(json.problems).toEqual([]);
    expect(json.trial.answer).toMatchObject({ status: 200, body: { userName: "ann", title: "ANN BERG" } });
    expect((await call("play", { input: entry })).json.trial.answer.body.title).toBeUndefined();
  });

  test("mistakes are told as check tells them, with line and column", async () => {
    const draft = original.replace("userName: login", "userNam: login");
    const { json } = await call("play", { mapping: draft, input: entry });
    expect(json.trial).toBeUndefined();
    expect(json.problems[0]).toMatchObject({ severity: "error", in: "mapping", line: 7, column: 3 });
  });

  test("an expression of a draft that never ends is ended, and holds nobody up", async () => {
    const endless = "($f := function($n) { $f($n + 1) }; $f(1))";
    const draft = original.replace("title: job_title", `title: { read: '${endless}' }`);
    const [slow, fast] = await Promise.all([
      call("play", { mapping: draft, input: entry }),
      call("play", { input: entry }),
    ]);
    expect(slow.json.trial.answer.status).toBe(400);
    expect(fast.json.trial.answer.status).toBe(200);
  });

  test("nothing is written, whatever is tried", async () => {
    const before = (await call("entry", { id: "1" })).json.entry;
    const patch = { Operations: [{ op: "replace", path: "displayName", value: "Somebody Else" }] };
    const { json } = await call("play", { input: { kind: "patch", patch, entry: before }, live: true });
    expect(json.trial.asked.map((each: Json) => each.call)).toContain("update");
    expect(json.trial.answer.body.displayName).toBe("Somebody Else");
    expect((await call("entry", { id: "1" })).json.entry).toEqual(before);
  });

  test("a live entry has no attribute that the mappings in force don't read", async () => {
    const { entry: found } = (await call("entry", { id: "1" })).json;
    expect(Object.keys(found)).toContain("login");
    expect(Object.keys(found)).not.toContain("password");
    expect((await call("entry", { id: "4711" })).status).toBe(404);
  });

  test("requests without the session's token, and texts that are too large, are refused", async () => {
    const { "x-postern-csrf": _, ...headers } = operator.headers as Record<string, string>;
    expect((await call("play", { input: entry }, headers)).status).toBe(403);
    const long = await call("play", { mapping: "x".repeat(60_000), input: entry });
    expect(long).toMatchObject({ status: 400, json: { error: expect.stringContaining("50000 characters") } });
    const large = await call("play", { input: { kind: "entry", entry: { login: "x".repeat(1_100_000) } } });
    expect(large).toMatchObject({ status: 413, json: { error: expect.stringContaining("smaller input") } });
  });

  test("an input just below the limit is tried", async () => {
    const { json } = await call("play", {
      input: { kind: "entry", entry: { ...entry.entry, full_name: "x".repeat(1_000_000) } },
    });
    expect(json.trial.answer.body.displayName.length).toBe(1_000_000);
  });
});

describe("saving", () => {
  test("a text with mistakes is refused, and so is one that replaces another's edit", async () => {
    const { mapping } = await file();
    const wrong = await call("save", { what: "mapping", text: "resource: User\n", hash: mapping.hash });
    expect(wrong).toMatchObject({ status: 422, json: { problems: [{ severity: "error" }, {}] } });
    const late = await call("save", { what: "mapping", text: original, hash: "0".repeat(64) });
    expect(late.status).toBe(409);
    expect(readFileSync(mappingFile, "utf8")).toBe(original);
  });

  test("a test expects what the mapping makes of the input today", async () => {
    const { status } = await call("save", { what: "test", name: "Ann is read", input: entry });
    expect(status).toBe(200);
    const tests = readFileSync(join(folder, "user.test.yaml"), "utf8");
    expect(tests).toContain("name: Ann is read");
    expect(tests.startsWith("# yaml-language-server")).toBe(true);
    const { stdout } = await postern("test", join(folder, "user.test.yaml"));
    expect(stdout).toContain("Ann is read\n");
    expect(stdout).toContain(", 0 failed");
  });

  test("a viewer may try, and sees no button to save; the gateway would refuse it", async () => {
    const as = { name: "bob", role: "viewer" } as const;
    const { page, context, problems } = await signedIn(browser, gateway, "/mappings/play", { as });
    await page.getByText("SCIM answer").waitFor();
    expect(await page.getByRole("button", { name: /^Save/ }).count()).toBe(0);
    await page.getByText("Only operators may save. To keep a change, copy the text.").waitFor();
    const status = await page.evaluate(`fetch("/console/api/me").then((me) => me.json()).then(({ csrf }) =>
      fetch("/console/api/mappings/save", { method: "POST", headers: { "X-Postern-CSRF": csrf }, body: "{}" }).then(({ status }) => status))`);
    expect(status).toBe(403);
    expect(problems.filter((each) => !each.includes("403"))).toEqual([]);
    await context.close();
  });

  test("a shipped mapping is never written", async () => {
    const group = { route: "/scim/v2", type: "Group" };
    const { json } = await call("save", { ...group, what: "mapping", text: "x", hash: "x" });
    expect(json.problems ?? json.error).toBeTruthy();
    const test = await call("save", {
      ...group,
      what: "test",
      name: "x",
      input: { kind: "entry", entry: { id: "1" } },
    });
    expect(test).toMatchObject({ status: 422, json: { error: expect.stringContaining("comes with Postern") } });
  });
});

/** What stands in an editor. */
const editor = (page: Page, label: string) => page.getByRole("textbox", { name: label });

describe("the playground's page", () => {
  test.each(LOOKS)("is readable to everybody, $look", async ({ look: _, ...options }) => {
    for (const path of ["/mappings", "/mappings/play?route=/scim/v2&type=User"]) {
      const { page, context, problems } = await signedIn(browser, gateway, path, options);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (path.includes("play")) await page.getByText("SCIM answer").waitFor();
      else await page.getByText('emails[type eq "work"].value').waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      expect(problems).toEqual([]);
      await context.close();
    }
  });

  test("divides a filter, and says what a PATCH of a live entry changes", async () => {
    const { page, context, problems } = await signedIn(browser, gateway, "/mappings/play?route=/scim/v2&type=User");
    await page.getByRole("tab", { name: "Filter" }).click();
    await page.getByLabel("Filter", { exact: true }).last().fill('userName eq "ann" and manager.value pr');
    await page.getByText("Evaluated by Postern").waitFor();
    await page.getByRole("tab", { name: "PATCH" }).click();
    await page.getByLabel("ID of a live resource").fill("1");
    await page.getByRole("button", { name: "Load its entry" }).click();
    await page.getByText("replace enabled 0").waitFor();
    await page.getByText('update "people" set "enabled"').waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  test("completes what the cursor's place takes: keys of the format, paths, columns of the table, functions", async () => {
    const asked: string[] = [];
    const { page, context, problems } = await signedIn(browser, gateway, "/mappings/play?route=/scim/v2&type=User");
    page.on("request", (request) => asked.push(request.url()));
    await page.getByText("SCIM answer").waitFor();
    await editor(page, "Mapping").getByText("job_title").click();
    await page.keyboard.press("End");
    const suggested = async (typed: string, label: RegExp, info?: string) => {
      await page.keyboard.type(typed);
      await page.getByRole("option", { name: label }).first().waitFor();
      if (info !== undefined) await page.locator(".cm-completionInfo").getByText(info).waitFor();
      // What was suggested a moment ago is not accepted yet.
      await page.waitForTimeout(100);
      await page.keyboard.press("Enter");
    };
    await page.keyboard.press("Enter");
    await suggested("timez", /^timezone/, "time zone");
    await suggested(": time_", /^time_zone ?text/);
    await page.keyboard.press("Enter");
    await suggested("nickName: { readO", /^readOnly/, "never written");
    await suggested(": true, miss", /^missing/, "does not exist");
    await suggested(": rej", /^reject/, "does not exist");
    await suggested(", read: '$upp", /^\$uppercase ?\(text\)/, "in upper case");
    await suggested("(nickn", /^nickname/);
    const lines = await editor(page, "Mapping").innerText();
    expect(lines).toContain("timezone: time_zone");
    expect(lines).toContain("nickName: { readOnly: true, missing: reject, read: '$uppercase(nickname");
    expect(asked.filter((url) => url.includes("/attributes?")).length).toBeLessThan(2);
    expect(problems).toEqual([]);
    await context.close();
  });

  test("keyboard alone: Tab leaves an editor, and Escape closes suggestions", async () => {
    const { page, context } = await signedIn(browser, gateway, "/mappings/play?route=/scim/v2&type=User");
    await page.getByText("SCIM answer").waitFor();
    await page.getByRole("combobox", { name: "Mapping" }).focus();
    await page.keyboard.press("Tab");
    expect(await editor(page, "Mapping").evaluate((at) => at.matches(":focus"))).toBe(true);
    await page.keyboard.press("ControlOrMeta+End");
    await page.keyboard.type("\nun");
    await page.getByRole("option", { name: /^unmapped/ }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("option", { name: /^unmapped/ }).waitFor({ state: "detached" });
    expect(await editor(page, "Mapping").innerText()).toMatch(/un\s*$/);
    await page.keyboard.press("Tab");
    expect(await editor(page, "Mapping").evaluate((at) => at.matches(":focus"))).toBe(false);
    await page.keyboard.press("Shift+Tab");
    expect(await editor(page, "Mapping").evaluate((at) => at.matches(":focus"))).toBe(true);
    await context.close();
  });

  test("shows mistakes as one types, completes, and saves what is well", async () => {
    const { page, context, problems } = await signedIn(browser, gateway, "/mappings");
    await page.getByRole("link", { name: /^Try it/ }).click();
    await page.getByText("SCIM answer").waitFor();
    const mapping = editor(page, "Mapping");
    await mapping.getByText("job_title").click();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.keyboard.type("nickNam");
    await page
      .getByRole("option", { name: /^nickName/ })
      .first()
      .waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.type(": nothing_at_all");
    await page
      .getByRole("alert")
      .getByText(/nickNam/)
      .waitFor();
    expect(await page.locator(".cm-lintRange-error").count()).toBeGreaterThan(0);
    expect(await page.getByRole("button", { name: "Save mapping" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Undo all changes" }).click();
    await page.getByText("SCIM answer").waitFor();
    await mapping.getByText("job_title").click();
    await page.keyboard.press("End");
    await page.keyboard.type("_of_hers");
    await page.getByRole("button", { name: "Save mapping" }).click();
    await page.getByText(/^Saved: /).waitFor();
    expect(readFileSync(mappingFile, "utf8")).toContain("title: job_title_of_hers\n");
    const audit = readFileSync(join(folder, "audit.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const saved = audit.filter(({ event, what }) => event.startsWith("save") && what === "mapping");
    expect(saved.map(({ event, by, result }) => [event, by, result])).toEqual([
      ["save", "local:tests", undefined],
      ["saved", "local:tests", "ok"],
    ]);
    expect(problems).toEqual([]);
    await context.close();
    writeFileSync(mappingFile, original);
  });
});

// The command of docs/guides/playground.md.
describe("postern play", () => {
  test("serves the playground for a mapping alone, to whoever has its link", async () => {
    const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "play", mappingFile], { cwd: folder });
    try {
      const link = await new Promise<string>((done) => child.stdout.once("data", (data) => done(String(data).trim())));
      const { origin } = new URL(link);
      expect((await fetch(`${origin}/console/api/mappings`)).status).toBe(401);
      const { page, context, problems } = await openPage(browser, origin, link.slice(`${origin}/console`.length));
      await page.getByText("SCIM answer").waitFor();
      await page.getByText("No backend is asked here").waitFor();
      await page.getByText("Saving is off here. To keep a change").waitFor();
      expect(await page.getByRole("navigation").getByRole("link").allTextContents()).toEqual(["Mappings"]);
      expect(await accessibilityFindings(page)).toEqual([]);
      expect(problems.filter((each) => !each.includes("401"))).toEqual([]);
      await context.close();
    } finally {
      child.kill("SIGTERM");
      await new Promise((done) => child.once("exit", done));
    }
    expect(child.exitCode).toBe(0);
  });
});

const postern = (...args: string[]) =>
  new Promise<{ stdout: string }>((done) => {
    const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), ...args]);
    let stdout = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.once("exit", () => done({ stdout }));
  });
