// npm run bench:console: how long the console's first page takes in Chromium, without and with the browser's cache, as the package serves it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { stringify } from "yaml";
import { launchBrowser } from "../test/servers/browser.ts";
import { sessionOf } from "../test/servers/console.ts";
import { legacyHr, TOKEN } from "../test/servers/gateway.ts";
import { freePort, listening } from "../test/servers/ports.ts";

const ROOT = join(import.meta.dirname, "..");
const ROUNDS = Number(process.argv[2] ?? 15);
/** What is there when a page is whole, by its path. */
const PAGES = { "/": "Nothing needs you.", "/live": "No requests yet.", "/mappings": "Try it" } as const;

/** What one load took, in milliseconds since the navigation began. */
interface Load {
  /** The HTML has arrived. */
  readonly html: number;
  /** Something is painted. */
  readonly paint: number;
  /** The page shows what it is about. */
  readonly whole: number;
  /** Processor time of the page's process, which other work on the machine hardly changes. */
  readonly processor: number;
  readonly requests: number;
  readonly kilobytes: number;
}

/** Runs in the page: notes when a text appears. */
const noteText = (text: string) => `
  addEventListener("DOMContentLoaded", () => {
    const look = () => {
      if (globalThis.wholeAt === undefined && document.body.innerText.includes(${JSON.stringify(text)})) globalThis.wholeAt = performance.now();
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  });`;

const READ = `(() => {
  const [page] = performance.getEntriesByType("navigation");
  const all = performance.getEntriesByType("resource");
  const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const bytes = page.transferSize + all.reduce((sum, each) => sum + each.transferSize, 0);
  return { html: page.responseEnd, paint: painted, whole: globalThis.wholeAt, requests: all.length + 1, kilobytes: bytes / 1000 };
})()`;

async function load(browser: Browser, page: Page, url: string): Promise<Load> {
  const before = await processorTime(browser);
  await page.goto(url);
  // The policy of the console's pages allows no function from outside, which waitForFunction would make.
  while ((await page.evaluate("globalThis.wholeAt")) === undefined) await page.waitForTimeout(20);
  const processor = (await processorTime(browser)) - before;
  return { ...((await page.evaluate(READ)) as Load), processor };
}

/** The processor time of all pages' processes so far, in milliseconds. */
async function processorTime(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return 1000 * processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Loads a page in a browser profile that is new, and again in the same. */
async function coldAndWarm(
  browser: Browser,
  gateway: { operations: string; folder: string },
  path: keyof typeof PAGES,
) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addCookies([await sessionOf(gateway, { name: "bench", role: "operator" })]);
  const page = await context.newPage();
  await page.addInitScript(noteText(PAGES[path]));
  const url = `${gateway.operations}/console${path}`;
  const loads = [await load(browser, page, url), await load(browser, page, url)] as const;
  await context.close();
  return loads;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const least = (values: readonly number[]): number => Math.min(...values);

function tell(what: string, loads: readonly Load[]): void {
  const of = (name: keyof Load) => loads.map((each) => each[name]);
  const times = (["html", "paint", "whole", "processor"] as const).map(
    (name) => `${name} ${median(of(name)).toFixed(0)} ms (least ${least(of(name)).toFixed(0)})`,
  );
  console.log(
    `${what.padEnd(18)} ${times.join(", ")}; ${median(of("requests"))} requests, ${median(of("kilobytes")).toFixed(0)} KB`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
const port = await freePort();
const gateway = { operations: `http://127.0.0.1:${port}`, folder };
const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
const state = { url: "sqlite:state.db" };
const config = {
  server: { port: await freePort() },
  log: { level: "error" },
  auth,
  ...legacyHr(),
  operations: { port },
  console: {},
  journal: {},
  state,
};
writeFileSync(join(folder, "gateway.config.yaml"), stringify(config));
const main = process.argv.includes("--clone") ? "src/main.ts" : "dist/src/main.js";
const child = spawn(process.execPath, [join(ROOT, main), "serve", "-c", join(folder, "gateway.config.yaml")], {
  stdio: "inherit",
});
const browser = await launchBrowser();
try {
  await listening("127.0.0.1", port);
  for (const path of Object.keys(PAGES) as (keyof typeof PAGES)[]) {
    await coldAndWarm(browser, gateway, path);
    const all = [];
    for (let round = 0; round < ROUNDS; round++) all.push(await coldAndWarm(browser, gateway, path));
    tell(
      `${path} cold`,
      all.map(([cold]) => cold),
    );
    tell(
      `${path} warm`,
      all.map(([, warm]) => warm),
    );
  }
} finally {
  await browser.close();
  child.kill();
  rmSync(folder, { recursive: true });
}
