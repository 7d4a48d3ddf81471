import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFindings, isTooWide, LOOKS, launchBrowser, signedIn } from "./servers/browser.ts";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";

let gateway: TestGateway;
let browser: Browser;
beforeAll(async () => {
  [gateway, browser] = await Promise.all([
    startGateway({
      ...legacyHr(),
      operations: { port: 0 },
      journal: {},
      console: {},
    }),
    launchBrowser(),
  ]);
});
afterAll(() => Promise.all([gateway.stop(), browser.close()]));

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(gateway.operations + path, { headers, redirect: "manual" });

describe("the console's pages", () => {
  test.each(LOOKS)("is readable to everybody, $look", async ({ look: _, ...options }) => {
    const { page, context, problems } = await signedIn(browser, gateway, "/", options);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(await isTooWide(page)).toBe(false);
    expect(problems).toEqual([]);
    await context.close();
  });

  test("the menu has each page once", async () => {
    const { page, context } = await signedIn(browser, gateway, "/");
    const links = page.getByRole("navigation").getByRole("link");
    await links.first().waitFor();
    const names = await links.allTextContents();
    expect(names).toEqual([...new Set(names)]);
    await context.close();
  });

  test("say that signing out failed, and stay", async () => {
    const { page, context } = await signedIn(browser, gateway, "/");
    await page.route("**/console/sign-out", (route) => route.fulfill({ status: 503 }));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("alert").getByText("Signing out failed").waitFor();
    await page.unroute("**/console/sign-out");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await context.close();
  });

  test("wait for the gateway where it cannot say who is signed in", async () => {
    const { page, context } = await signedIn(browser, gateway, "/");
    await page.route("**/console/api/me", (route) => route.abort());
    await page.reload();
    await page.getByText("The gateway does not answer.").waitFor();
    await page.unroute("**/console/api/me");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await context.close();
  });

  test("a page's scripts, and who is signed in, are asked for at once and once", async () => {
    const { page, context, problems } = await signedIn(browser, gateway, "/");
    await page.getByRole("heading", { level: 1 }).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${gateway.operations}/console/live`);
    await page.getByText("No requests yet.").waitFor();
    const html = await (await get("/console/live")).text();
    const named = [...html.matchAll(/"(\/console\/[\w./-]+)"/g)].map(([, path]) => path!);
    const scripts = asked.filter((path) => path.endsWith(".js"));
    expect(scripts.filter((path) => !named.includes(path))).toEqual([]);
    expect(scripts.some((path) => /\/live-/.test(path))).toBe(true);
    expect(asked.filter((path) => path === "/console/api/me")).toEqual(["/console/api/me"]);
    expect(problems).toEqual([]);
    await context.close();
  });

  test("the first page is under 100 KB compressed", async () => {
    const html = await (await get("/console/")).text();
    const files = [...html.matchAll(/\/console\/assets\/[\w.-]+/g)].map(([path]) => path);
    const sizes = await Promise.all(
      files.map(async (path) => {
        const answer = await get(path, { "Accept-Encoding": "br" });
        expect(answer.headers.get("content-encoding")).toBe("br");
        return Number(answer.headers.get("content-length"));
      }),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000);
  });

  test("its answers allow nothing but the console's own files", async () => {
    const { headers } = await get("/console/live");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers.get("cache-control")).toBe("no-store");
  });
});
