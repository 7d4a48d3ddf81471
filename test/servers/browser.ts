import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { sessionOf, signedInTo } from "./console.ts";
import type { TestGateway } from "./gateway.ts";

/** Debian's Chromium, without what would ask hosts outside. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/** A page of the console, and what went wrong in it. */
export interface ConsolePage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Violations of the content security policy, errors in scripts, and messages of level error. Empty if all is well. */
  readonly problems: readonly string[];
}

/** Opens a page that notes whatever goes wrong in it. `path` begins behind `/console`. */
export async function openPage(
  browser: Browser,
  base: string,
  path: string,
  options: BrowserContextOptions = {},
  cookies: Parameters<BrowserContext["addCookies"]>[0] = [],
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.addCookies([...cookies]);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(`${base}/console${path}`);
  return { page, context, problems };
}

/** Opens a page of a gateway's console for somebody, an operator by default. The gateway's state must not be in memory. */
export async function signedIn(
  browser: Browser,
  gateway: Pick<TestGateway, "operations" | "folder">,
  path = "/",
  { as, ...options }: BrowserContextOptions & { readonly as?: Parameters<typeof sessionOf>[1] } = {},
): Promise<ConsolePage> {
  const cookie = as ? await sessionOf(gateway, as) : (await signedInTo(gateway)).cookie;
  return openPage(browser, gateway.operations!, path, options, [cookie]);
}

/** What axe finds on a page by WCAG 2.2 AA, in a line each. */
export async function accessibilityFindings(page: Page): Promise<readonly string[]> {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help}: ${target.join(" ")}`));
}

/** How people look at the console: in both themes, on a wide screen and on a phone. */
export const LOOKS = [
  { look: "light and wide", colorScheme: "light", viewport: { width: 1440, height: 900 } },
  { look: "dark on a phone", colorScheme: "dark", viewport: { width: 360, height: 740 } },
] as const;

/** Reports whether a page is wider than its window, so that one must scroll sideways. */
export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
