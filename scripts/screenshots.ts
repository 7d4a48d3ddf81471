// Makes the pictures of the console in docs/pictures/, from the demo: `npm run screenshots [NAME ...]`. It takes two minutes.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../test/servers/browser.ts";

const ROOT = join(import.meta.dirname, "..");
const WIDE: BrowserContextOptions = { viewport: { width: 1360, height: 850 }, colorScheme: "light" };
const DARK: BrowserContextOptions = { ...WIDE, colorScheme: "dark" };
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, colorScheme: "dark" };
/** How long the demo runs before the first picture, so that charts have something to show, in milliseconds. */
const WARM_MS = 40_000;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly options: BrowserContextOptions;
  /** Brings the page to what the picture shows. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

const openFirst = (within: string) => (page: Page) => page.locator(`${within} a`).first().click();

/** Opens the playground of the first mapping. */
async function openPlayground(page: Page): Promise<void> {
  await page.getByRole("link", { name: /Try/ }).first().click();
  await page.waitForTimeout(2000);
}

const pictures: readonly Picture[] = [
  { name: "overview", path: "/", options: WIDE },
  { name: "overview-phone", path: "/", options: PHONE },
  { name: "live", path: "/live", options: WIDE },
  { name: "people", path: "/people", options: WIDE },
  { name: "guard", path: "/guard", options: WIDE },
  { name: "playground", path: "/mappings", options: DARK, prepare: openPlayground },
  { name: "request", path: "/live?action=patch", options: DARK, prepare: openFirst("tbody") },
];

/** Starts the demo. Resolves with the link that signs in. */
async function startDemo(): Promise<{ readonly demo: ChildProcess; readonly link: string }> {
  const demo = spawn(process.execPath, ["demo/demo.ts", "--pace", "3"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const link = await new Promise<string>((found, failed) => {
    let said = "";
    demo.stdout!.on("data", (chunk) => {
      said += chunk;
      const [link] = /http:\S+#token=\S+/.exec(said) ?? [];
      if (link) found(link);
    });
    demo.once("exit", () => failed(new Error(`the demo ended:\n${said}`)));
  });
  return { demo, link };
}

const wanted = process.argv.slice(2);
const { demo, link } = await startDemo();
const browser = await launchBrowser();
try {
  const first = await browser.newContext();
  const page = await first.newPage();
  await page.goto(link);
  await page.getByRole("navigation").waitFor();
  const storageState = await first.storageState();
  await page.waitForTimeout(WARM_MS);
  const origin = new URL(link).origin;
  for (const { name, path, options, prepare } of pictures) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const context = await browser.newContext({ ...options, storageState });
    const shown = await context.newPage();
    await shown.goto(`${origin}/console${path}`);
    await shown.getByRole("heading", { level: 1 }).waitFor();
    await shown.waitForTimeout(1500);
    await prepare?.(shown);
    await shown.waitForTimeout(1500);
    await shown.screenshot({ path: join(ROOT, `docs/pictures/console-${name}.png`) });
    console.log(`docs/pictures/console-${name}.png`);
    await context.close();
  }
} finally {
  await browser.close();
  if (demo.exitCode === null) {
    demo.kill();
    await once(demo, "exit");
  }
}
