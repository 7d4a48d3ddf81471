import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as requestPlain } from "node:http";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Me, SignedOut } from "../src/console/api/me.ts";
import type { SessionList } from "../src/console/api/sessions.ts";
import { cookieName } from "../src/console/cookies.ts";
import { accessibilityFindings, launchBrowser, openPage, signedIn } from "./servers/browser.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { linkTo, signedInTo, useLinkAs } from "./servers/console.ts";
import { type Database, startPostgres, stateIn } from "./servers/databases.ts";
import { inMemory, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { type OidcServer, type PEOPLE, signInAt, startOidc } from "./servers/oidc.ts";
import { freePort } from "./servers/ports.ts";
import { newVisitor, type Visitor } from "./servers/visitor.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-console-"));
const roles = { viewer: ["Viewer"], operator: ["Operator"] };
let provider: OidcServer;
let url: string;
beforeAll(async () => {
  url = `http://127.0.0.1:${await freePort()}`;
  provider = await startOidc([`${url}/console/sign-in/callback`]);
});
afterAll(async () => {
  await provider.stop();
  rmSync(folder, { recursive: true });
});

/** A gateway with a console, whose state and audit log outlive it. */
const startConsole = (more: object = {}, given: object = {}): Promise<TestGateway> => {
  const { issuer, clientId, clientSecret } = provider;
  return startGateway({
    ...inMemory(),
    operations: { port: Number(new URL(url).port) },
    state: { url: `sqlite:${join(folder, "state.db")}` },
    audit: { file: join(folder, "audit.log") },
    console: { signIn: { oidc: { issuer, clientId, clientSecret, roles } }, ...more },
    ...given,
  });
};

/** Goes to the provider, signs in there, and returns the address to come back to. */
async function comingBack(visitor: Visitor, who: keyof typeof PEOPLE, to = "/console/live"): Promise<string> {
  const away = await visitor.get(`${url}/console/sign-in/oidc?${new URLSearchParams({ to })}`);
  return signInAt(visitor, away.headers.get("location")!, who);
}

const me = async (visitor: Visitor, base = url) => {
  const answer = await visitor.get(`${base}/console/api/me`, { accept: "application/json" });
  return { status: answer.status, ...((await answer.json()) as Partial<Me & SignedOut>) };
};

/** The address with another value for one parameter. */
const withParameter = (address: string, name: string, value: string): string => {
  const changed = new URL(address);
  changed.searchParams.set(name, value);
  return changed.href;
};

/** What the audit log has of sign-in, from a record on. */
const recorded = () =>
  readFileSync(join(folder, "audit.log"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ event, refusal }) => /^sign-/.test(event) || refusal === "sign-in");

const inStore = (statement: string): void => {
  const store = new DatabaseSync(join(folder, "state.db"), { timeout: 4000 });
  store.exec(statement);
  store.close();
};

const rowsOf = (table: string): number => {
  const store = new DatabaseSync(join(folder, "state.db"), { readOnly: true });
  const { rows } = store.prepare(`select count(*) as rows from ${table}`).get() as { rows: number };
  store.close();
  return rows;
};

describe("sign-in by an OpenID Connect provider", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startConsole();
  });
  afterAll(() => gateway.stop());

  test.each([
    ["ann", "operator"],
    ["bob", "viewer"],
  ] as const)("signs %s in as %s, and returns to the page that was asked for", async (who, role) => {
    const visitor = newVisitor();
    expect(await me(visitor)).toMatchObject({ status: 401, error: expect.stringMatching(/not signed in/) });
    const back = await visitor.get(await comingBack(visitor, who, "/console/live?route=/scim/v2"));
    expect(back.status).toBe(302);
    expect(back.headers.get("location")).toBe("/console/live?route=/scim/v2");
    expect(await me(visitor)).toMatchObject({ status: 200, name: `${who}@example.com`, role });
    const { issuer } = provider;
    const record = { event: "sign-in", by: `${who}@example.com`, issuer, sub: who, role, method: "oidc" };
    expect(recorded().at(-1)).toMatchObject(record);
  });

  test("begins at the console's own address, whatever name of this machine was typed", async () => {
    const typed = await newVisitor().get(
      `${url.replace("127.0.0.1", "localhost")}/console/sign-in/oidc?to=/console/live`,
    );
    expect(typed.headers.get("location")).toBe(`${url}/console/sign-in/oidc?to=/console/live`);
  });

  test("returns to no other site", async () => {
    for (const to of ["https://evil.example.com/console/", "//evil.example.com/console/", "/console/../guard", "x"]) {
      const visitor = newVisitor();
      const back = await visitor.get(await comingBack(visitor, "bob", to));
      expect(back.headers.get("location")).toBe("/console/");
    }
  });

  test("refuses somebody without a role with the claim that was looked at, and its values", async () => {
    const visitor = newVisitor();
    const back = await visitor.get(await comingBack(visitor, "eve"));
    expect(back.status).toBe(403);
    const html = await back.text();
    expect(html).toContain(
      'content="eve@example.com has no role in the console. The claim &quot;roles&quot; was looked at, and has the values &quot;Intern&quot;, &quot;&lt;b&gt;Guest&lt;/b&gt;&quot;."',
    );
    expect([...visitor.cookies(url).keys()]).toEqual([]);
    expect(await me(visitor)).toMatchObject({ status: 401 });
    expect(recorded().at(-1)).toMatchObject({ event: "refused", result: "403", caller: "eve@example.com", sub: "eve" });
    const kim = newVisitor();
    const other = await kim.send(await comingBack(kim, "kim"), {});
    expect(((await other.json()) as { error: string }).error).toMatch(
      /The claim "roles" was looked at, but the token does not have it/,
    );
  });

  test("nobody is called like a user of this machine", async () => {
    const visitor = newVisitor();
    await visitor.get(await comingBack(visitor, "max"));
    expect(await me(visitor)).toMatchObject({ name: "oidc:local:root", role: "operator" });
  });

  test("refuses an answer that is another one's, was used already, or was changed", async () => {
    const refused = async (visitor: Visitor, address: string, message: RegExp) => {
      const answer = await visitor.send(address, {});
      expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([
        400,
        expect.stringMatching(message),
      ]);
      expect(await me(visitor)).toMatchObject({ status: 401 });
    };
    const [ann, thief] = [newVisitor(), newVisitor()];
    const address = await comingBack(ann, "ann");
    // Of another browser: its sign-in would be somebody else's.
    await refused(thief, address, /began in another browser/);
    await refused(ann, withParameter(address, "state", "another"), /began in another browser/);
    // A code of another sign-in, which PKCE's verifier doesn't belong to.
    const { searchParams } = new URL(await comingBack(thief, "bob"));
    await refused(ann, withParameter(address, "code", searchParams.get("code")!), /refused to finish the sign-in/);
    // The attempt above used the state up.
    await refused(ann, address, /finished already/);
    const away = await ann.get(`${url}/console/sign-in/oidc`);
    const changed = withParameter(away.headers.get("location")!, "nonce", "another");
    await refused(ann, await signInAt(ann, changed, "ann"), /not valid for this sign-in/);
    const other = withParameter(await comingBack(ann, "ann"), "iss", "https://evil.example.com");
    await refused(ann, other, /not valid for this sign-in/);
    const used = await comingBack(ann, "ann");
    const begun = ann.cookies(url).get(cookieName(url, "begun"))!;
    expect((await ann.get(used)).status).toBe(302);
    expect((await ann.get(used)).status).toBe(400);
    // Of a browser that kept the cookie: the provider takes a code once.
    thief.cookies(url).set(cookieName(url, "begun"), begun);
    await refused(thief, used, /refused to finish the sign-in/);
    thief.cookies(url).set(cookieName(url, "begun"), `${begun.slice(0, -2)}AA`);
    await refused(thief, used, /began in another browser/);
  });

  test("beginning sign-ins keeps nobody from finishing theirs, and is kept in the browser alone", async () => {
    const [ann, bob] = [newVisitor(), newVisitor()];
    const first = await comingBack(ann, "ann", "/console/live?route=/first");
    const second = await comingBack(ann, "ann", "/console/live?route=/second");
    for (let n = 0; n < 40; n++) {
      // Browsers refuse a larger cookie, and some characters take up nine times their room.
      const to = `/console/live?route=${["x", "€", "\\", '"', "\u{1f600}"][n % 5]!.repeat(n % 2 ? 980 : 200)}`;
      const { headers } = await bob.get(`${url}/console/sign-in/oidc?${new URLSearchParams({ to })}`);
      const cookies = headers.getSetCookie();
      expect(cookies).toHaveLength(1);
      expect(cookies.join().length).toBeLessThan(4096);
    }
    expect(rowsOf("console_tickets")).toBe(0);
    // Two tabs of one browser, one after the other.
    expect((await ann.get(first)).headers.get("location")).toBe("/console/live?route=/first");
    expect((await ann.get(second)).headers.get("location")).toBe("/console/live?route=/second");
    expect((await bob.get(await comingBack(bob, "bob"))).status).toBe(302);
  });

  test("a session ends when it is over or was idle for too long, and its cookie is known to nobody", async () => {
    const ann = newVisitor();
    await ann.get(await comingBack(ann, "ann"));
    const cookie = ann.cookies(url).get(cookieName(url, "session"))!;
    expect(readFileSync(join(folder, "state.db-wal")).includes(cookie)).toBe(false);
    inStore(`update console_sessions set seen = seen - ${59 * 60_000}`);
    expect((await me(ann)).status).toBe(200);
    // It was used just now, so that it has another hour.
    inStore(`update console_sessions set seen = seen - ${59 * 60_000}`);
    expect((await me(ann)).status).toBe(200);
    // What the page asks by itself, and follows, is no use.
    inStore(`update console_sessions set seen = seen - ${59 * 60_000}`);
    for (const [name, value] of [
      ["x-postern-background", "true"],
      ["accept", "text/event-stream"],
    ] as const)
      expect((await ann.get(`${url}/console/api/me`, { [name]: value })).status).toBe(200);
    inStore(`update console_sessions set seen = seen - ${2 * 60_000}`);
    expect(await me(ann)).toMatchObject({ status: 401, ended: { because: "idle", minutes: 60 } });
    await ann.get(await comingBack(ann, "ann"));
    inStore("update console_sessions set expires = 0");
    expect(await me(ann)).toMatchObject({ status: 401, ended: { because: "age", hours: 8 } });
  });

  test("a change needs the session's token, and comes from the console's own page", async () => {
    const { headers, send, get, cookies } = await signedInTo(gateway);
    const change = async (more: Record<string, string | undefined>) => {
      const given = Object.entries({ ...headers, ...more }).filter((each): each is [string, string] => !!each[1]);
      return (await send(`${url}/console/api/nothing`, { method: "POST", headers: Object.fromEntries(given) })).status;
    };
    // What passes finds no such address.
    expect(await change({})).toBe(404);
    expect(await change({ "x-postern-csrf": undefined })).toBe(403);
    expect(await change({ "x-postern-csrf": (await signedInTo(gateway)).headers["x-postern-csrf"] })).toBe(403);
    expect(await change({ origin: undefined })).toBe(403);
    expect(await change({ origin: "https://evil.example.com" })).toBe(403);
    // The same host by another scheme, which somebody in between could write.
    expect(await change({ origin: url.replace("http:", "https:") })).toBe(403);
    expect(await change({ "sec-fetch-site": "same-site" })).toBe(403);
    const read = (site: string) => get(`${url}/console/api/me`, { "sec-fetch-site": site });
    expect((await read("cross-site")).status).toBe(403);
    expect((await read("same-origin")).status).toBe(200);
    // In the clear, from another machine.
    const fromFar = (path: string) =>
      new Promise((resolve) => {
        requestPlain(url + path, { headers: { host: "192.0.2.1" } }, (answer) => {
          answer.resume().on("end", () => resolve(answer.statusCode));
        }).end();
      });
    expect([await fromFar("/console/api/me"), await fromFar("/console/sign-in/oidc")]).toEqual([421, 421]);
    const signOut = (given: Record<string, string>) =>
      send(`${url}/console/sign-out`, { method: "POST", headers: given });
    expect((await signOut({ origin: url })).status).toBe(403);
    const session = cookieName(url, "session");
    const cookie = cookies(url).get(session)!;
    expect((await signOut(headers)).status).toBe(204);
    expect(recorded().at(-1)).toMatchObject({ event: "sign-out", by: "local:tests" });
    expect(cookies(url).has(session)).toBe(false);
    cookies(url).set(session, cookie);
    expect((await get(`${url}/console/api/me`)).status).toBe(401);
  });

  test("a link signs in once, within ten minutes, and only from the console's page", async () => {
    const visitor = newVisitor();
    const link = await linkTo(gateway, "root");
    expect(new URL(link).search).toBe("");
    const foreign = await visitor.send(`${url}/console/sign-in/local`, {
      method: "POST",
      headers: { origin: "https://evil.example.com" },
      body: JSON.stringify({ token: link.split("=")[1] }),
    });
    expect(foreign.status).toBe(403);
    expect((await useLinkAs(visitor, link)).status).toBe(204);
    expect(await me(visitor)).toMatchObject({ name: "local:root", role: "operator" });
    // A link that others sent makes nobody somebody else unasked.
    const another = await linkTo(gateway, "eve");
    const asked = await useLinkAs(visitor, another);
    expect([asked.status, await asked.json()]).toMatchObject([
      409,
      { question: { signedInAs: { name: "local:root", role: "operator" }, as: "local:eve" } },
    ]);
    expect(await me(visitor)).toMatchObject({ name: "local:root" });
    expect((await useLinkAs(visitor, await linkTo(gateway, "root"))).status).toBe(204);
    expect(recorded().at(-1)).toMatchObject({ event: "sign-in", by: "local:root", method: "link" });
    expect((await useLinkAs(newVisitor(), link)).status).toBe(403);
    expect((await useLinkAs(visitor, another, { replace: true })).status).toBe(204);
    expect(await me(visitor)).toMatchObject({ name: "local:eve" });
    const late = await linkTo(gateway);
    inStore("update console_tickets set expires = 0");
    const answer = await useLinkAs(newVisitor(), late);
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { error: "This link was used already, or is older than ten minutes. Make a new one: postern console" },
    ]);
    expect(recorded().at(-1)).toMatchObject({ event: "refused", refusal: "sign-in", method: "link", result: "403" });
  });

  test("the provider makes nobody somebody else unasked, and the session that ends for it is recorded", async () => {
    const visitor = newVisitor();
    await useLinkAs(visitor, await linkTo(gateway, "root"));
    const agreed = (origin = url) =>
      visitor.send(`${url}/console/sign-in/oidc`, {
        method: "POST",
        headers: { origin },
        body: JSON.stringify({ to: "/console/guard" }),
      });
    const finished = async (answer: Response) =>
      visitor.get(await signInAt(visitor, ((await answer.json()) as { url: string }).url, "bob"));
    const records = recorded().length;
    const asked = await visitor.get(await comingBack(visitor, "bob", "/console/guard"));
    expect(asked.status).toBe(409);
    expect((await asked.text()).replaceAll("&quot;", '"')).toContain(
      '{"signedInAs":{"name":"local:root","role":"operator"},"as":"bob@example.com","asRole":"viewer","to":"/console/guard"}',
    );
    expect(await me(visitor)).toMatchObject({ name: "local:root" });
    expect(recorded()).toHaveLength(records);
    expect((await agreed("https://evil.example.com")).status).toBe(403);
    // Whoever agreed was somebody else.
    const late = await agreed();
    await useLinkAs(visitor, await linkTo(gateway, "eve"), { replace: true });
    expect((await finished(late)).status).toBe(409);
    expect(await me(visitor)).toMatchObject({ name: "local:eve" });
    const back = await finished(await agreed());
    expect([back.status, back.headers.get("location")]).toEqual([302, "/console/guard"]);
    expect(await me(visitor)).toMatchObject({ name: "bob@example.com", role: "viewer" });
    const { issuer } = provider;
    expect(recorded().slice(-2)).toMatchObject([
      { event: "sign-out", by: "local:eve", replacedBy: { name: "bob@example.com", issuer, sub: "bob" } },
      { event: "sign-in", by: "bob@example.com", sub: "bob" },
    ]);
    // To sign in again as oneself is nothing to ask about.
    expect((await visitor.get(await comingBack(visitor, "bob"))).status).toBe(302);
  });

  test("postern console prints a link to the gateway that runs", async () => {
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(ROOT, "src/main.ts"), "console", ...args]);
    const { stdout } = await run("-c", join(gateway.folder, "gateway.config.yaml"));
    const visitor = newVisitor();
    expect((await useLinkAs(visitor, stdout.trim())).status).toBe(204);
    expect((await me(visitor)).name).toMatch(/^local:\w+/);
    const without = await run("-c", join(ROOT, "examples/legacy-hr/gateway.config.yaml")).catch((error) => error);
    expect(without.stderr).toMatch(/The console is off\. .*\n\n(operations: \{\}\n)?console: \{\}/);
  });

  test("works in a browser: sign in, sign out, and the reason for a refusal", async () => {
    const browser = await launchBrowser();
    const { page } = await openPage(browser, url, "/");
    const provide = async (login: string) => {
      await page.getByRole("link", { name: "Sign in" }).click();
      await page.locator('input[name="login"]').fill(login);
      await page.locator('input[name="password"]').fill("any");
      await page.getByRole("button", { name: "Sign-in" }).click();
      await page.getByRole("button", { name: "Continue" }).click();
    };
    await provide("eve");
    await page.getByText("eve@example.com has no role in the console").waitFor();
    // The provider still knows eve, and asks again who it is.
    await provide("ann");
    await page.getByText("ann@example.com").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.goto(await linkTo(gateway));
    await page.getByText("local:tests").waitFor();
    expect(page.url()).not.toContain("token");
    // Another link: stay, or become somebody else.
    const link = await linkTo(gateway, "eve");
    const question = page.getByText("You are signed in as local:tests (operator). Use this link");
    await page.goto(link);
    await question.waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Stay" }).click();
    await page.getByText("local:tests").waitFor();
    await page.goto(link);
    await page.getByRole("button", { name: "Become" }).click();
    await question.waitFor({ state: "detached" });
    await page.getByText("local:eve").waitFor();
    // The provider still knows ann, and any page could have begun this.
    for (const name of ["Stay", "Become"]) {
      await page.goto(`${url}/console/sign-in/oidc?to=/console/connectors`);
      await page.getByText("Your organization says that you are ann@example.com (operator)").waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
      await page.getByRole("button", { name }).click();
      await page.getByRole("heading", { level: 1, name: "Connectors" }).waitFor();
      await page.getByText(name === "Stay" ? "local:eve" : "ann@example.com").waitFor();
    }
    await browser.close();
  });

  test("an open page says why it was signed out, and is there again after sign-in", async () => {
    const browser = await launchBrowser();
    const { page } = await signedIn(browser, gateway, "/connectors/hr");
    await page.clock.install();
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    const asksWho = (isBackground: boolean) =>
      page.waitForRequest(
        (each) => each.url().endsWith("/me") && "x-postern-background" in each.headers() === isBackground,
      );
    // Each minute the page tells whether somebody uses it, also if it asks for nothing.
    for (const isUsed of [false, true, false]) {
      if (isUsed) await page.keyboard.press("ArrowDown");
      await Promise.all([asksWho(!isUsed), page.clock.runFor(61_000)]);
    }
    inStore(`update console_sessions set seen = seen - ${61 * 60_000}`);
    // The page asks again by itself.
    await page.clock.runFor(6000);
    await page.getByText("Signed out after 60 minutes without use. You return to this page").waitFor();
    const way = await page.getByRole("link", { name: "Sign in" }).evaluate((link) => `${link}`);
    expect(new URL(way).searchParams.get("to")).toBe("/console/connectors/hr");
    // Somebody signs in at another page of the browser.
    const other = await page.context().newPage();
    await other.goto(await linkTo(gateway));
    await other.getByText("local:tests").waitFor();
    await other.close();
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(page.url()).toContain("/console/connectors/hr");
    await browser.close();
  });
});

describe("the page on sessions", () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    [gateway, browser] = await Promise.all([
      startConsole({}, { server: { port: 0, trustProxy: ["127.0.0.1"] } }),
      launchBrowser(),
    ]);
  });
  afterAll(() => Promise.all([gateway.stop(), browser.close()]));

  const acts = () =>
    readFileSync(join(folder, "audit.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ event }) => /sessions$/.test(event));
  const listed = async (visitor: Visitor) =>
    (await (await visitor.get(`${url}/console/api/sessions`)).json()) as SessionList;
  const end = async (visitor: Visitor, body: object) => {
    const { csrf } = await me(visitor);
    const headers = { origin: url, "x-postern-csrf": csrf!, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await visitor.send(`${url}/console/api/sessions/end`, init);
    return [answer.status, await answer.json()];
  };

  test("ends one session or all of a person, not those of another one of the same name, and records whose", async () => {
    inStore("delete from console_sessions");
    const [ann, bob, sam, again, other] = [newVisitor(), newVisitor(), newVisitor(), newVisitor(), newVisitor()];
    for (const [visitor, who] of [
      [ann, "ann"],
      [bob, "bob"],
      [sam, "sam"],
      [again, "sam"],
      [other, "other"],
    ] as const)
      await visitor.get(await comingBack(visitor, who));
    const { sessions } = await listed(ann);
    const { issuer } = provider;
    expect(sessions.map(({ name, provider: at, isOwn }) => [name, at?.sub, isOwn])).toEqual(
      expect.arrayContaining([
        ["ann@example.com", "ann", true],
        ["sam@example.com", "sam", false],
        ["sam@example.com", "other", false],
      ]),
    );
    const ofSam = sessions.filter(({ provider: at }) => at?.sub === "sam");
    expect(ofSam).toHaveLength(2);
    // Viewers neither see nor end any.
    expect((await bob.get(`${url}/console/api/sessions`)).status).toBe(403);
    expect((await end(bob, { id: ofSam[0]!.id, isAll: false }))[0]).toBe(403);
    expect(await end(ann, { id: ofSam[0]!.id, isAll: true })).toEqual([200, { count: 2 }]);
    expect(await Promise.all([sam, again, other].map(async (each) => (await me(each)).status))).toEqual([
      401, 401, 200,
    ]);
    expect((await end(ann, { id: ofSam[0]!.id, isAll: false }))[0]).toBe(404);
    const by = { by: "ann@example.com", issuer, sub: "ann" };
    const person = { name: "sam@example.com", issuer, sub: "sam" };
    expect(acts().slice(-2)).toMatchObject([
      { event: "end-sessions", ...by, person, which: "all" },
      { event: "ended-sessions", ...by, person, count: 2 },
    ]);
    expect(acts().at(-1).intent).toBe(acts().at(-2).id);
  });

  test("in a browser: operators find it in the menu, and end what they choose", async () => {
    const kim = newVisitor();
    await useLinkAs(kim, await linkTo(gateway, "kim\u202e"));
    const { page, context, problems } = await signedIn(browser, gateway, "/");
    await page.getByRole("link", { name: "Sessions" }).click();
    // What a name hides is written out.
    await page.getByText("local:kim⟨U+202E⟩", { exact: true }).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole("button", { name: /End sessions of .*kim/ }).click();
    await page.getByText("To sign in again, they need a new link.").waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByText("Ended: 1 session.").waitFor();
    expect((await me(kim)).status).toBe(401);
    expect(problems).toEqual([]);
    await context.close();
    const viewer = await signedIn(browser, gateway, "/sessions", { as: { name: "bob", role: "viewer" } });
    await viewer.page.getByText("only operators may do this").waitFor();
    expect(await viewer.page.getByRole("link", { name: "Sessions" }).count()).toBe(0);
    expect(viewer.problems).toEqual([]);
    await viewer.context.close();
  });

  test("behind a trusted proxy, records have the browser's address", async () => {
    const visitor = newVisitor();
    await useLinkAs(visitor, await linkTo(gateway), {}, { "x-forwarded-for": "198.51.100.9, 203.0.113.7" });
    expect(recorded().at(-1)).toMatchObject({ event: "sign-in", source: "203.0.113.7" });
  });
});

describe("sessions", () => {
  test("outlive a restart, but not the roles that they came from", async () => {
    const first = await startConsole();
    const ann = newVisitor();
    await ann.get(await comingBack(ann, "ann"));
    await first.stop();
    const second = await startConsole();
    expect(await me(ann)).toMatchObject({ status: 200, role: "operator" });
    await second.stop();
    const { issuer, clientId, clientSecret } = provider;
    const viewers = { viewer: ["Operator"], operator: [] };
    const third = await startConsole({ signIn: { oidc: { issuer, clientId, clientSecret, roles: viewers } } });
    expect((await me(ann)).status).toBe(401);
    await third.stop();
  });

  test("are those of all gateways with one store; without the store people are told so", async () => {
    const server: Database = await startPostgres();
    const other = `http://127.0.0.1:${await freePort()}`;
    const given = { state: stateIn(server), audit: undefined as unknown as object };
    // Roles come from the UserInfo endpoint here.
    const userInfo = await startOidc([`${url}/console/sign-in/callback`], "userinfo");
    const { issuer, clientId, clientSecret } = userInfo;
    const more = { url, signIn: { oidc: { issuer, clientId, clientSecret, roles } } };
    const gateways = await Promise.all([
      startConsole(more, given),
      startConsole(more, { ...given, operations: { port: Number(new URL(other).port) } }),
    ]);
    const ann = newVisitor();
    const address = await comingBack(ann, "ann");
    // One gateway's sign-in is finished by the other, as behind a balancer.
    const copy = (from: string, to: string) => {
      for (const [name, value] of ann.cookies(from)) ann.cookies(to).set(name, value);
    };
    copy(url, other);
    expect((await ann.get(address.replace(url, other))).status).toBe(302);
    expect(await me(ann, other)).toMatchObject({ status: 200, name: "ann@example.com", role: "operator" });
    copy(other, url);
    expect(await me(ann)).toMatchObject({ status: 200 });

    const bob = newVisitor();
    const late = await comingBack(bob, "bob");
    await userInfo.stop();
    const away = await bob.send(late, {});
    expect([away.status, ((await away.json()) as { error: string }).error]).toEqual([
      503,
      expect.stringMatching(/^The identity provider can't be reached/),
    ]);
    await server.kill();
    // The server's processes end one after another.
    await expect
      .poll(() => me(ann), { timeout: 10_000 })
      .toMatchObject({
        status: 503,
        error: "The store of sessions (state.url) is unavailable. Try again in a moment.",
      });
    await server.restart();
    await expect.poll(async () => (await me(ann)).status, { timeout: 10_000 }).toBe(200);
    await Promise.all(gateways.map(({ stop }) => stop()));
    await server.stop();
  });
});

describe("the operators' address with TLS", () => {
  const file = (name: string) => join(folder, name);
  let gateway: TestGateway;
  beforeAll(async () => {
    makeAuthority(folder);
    for (const name of ["first", "second"]) makeCertificate(folder, name, "IP:127.0.0.1");
    copyFileSync(file("first.pem"), file("tls.pem"));
    copyFileSync(file("first.key"), file("tls.key"));
    gateway = await startGateway({
      ...inMemory(),
      operations: {
        port: 0,
        metrics: "open",
        tokens: [{ name: "ann", token: "of-the-tests-only-0123" }],
        tls: { cert: file("tls.pem"), key: file("tls.key") },
      },
      console: {},
    });
  });
  afterAll(() => gateway.stop());

  interface Answer {
    readonly status: number;
    readonly cookies: readonly string[];
    readonly serial: string;
  }
  const ask = (path: string, body?: string) =>
    new Promise<Answer>((resolve, reject) => {
      const origin = gateway.operations!;
      const options = {
        ca: readFileSync(file("ca.pem")),
        agent: new Agent(),
        method: body === undefined ? "GET" : "POST",
        headers: { origin, "content-type": "application/json" },
      };
      const call = request(`${origin}${path}`, options, (response) => {
        const { serialNumber: serial } = (response.socket as TLSSocket).getPeerCertificate();
        response.resume().on("end", () => {
          resolve({ status: response.statusCode!, cookies: response.headers["set-cookie"] ?? [], serial });
        });
      });
      call.on("error", reject).end(body);
    });

  test("gives its cookie to this host alone, by https alone, to no script, and to no other site", async () => {
    const link = await linkTo(gateway);
    const { status, cookies } = await ask("/console/sign-in/local", JSON.stringify({ token: link.split("=")[1] }));
    expect(status).toBe(204);
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-postern-\d+=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
  });

  test("gives metrics to everybody if they are open, and the rest to tokens", async () => {
    expect((await ask("/metrics")).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(401);
  });

  test("guessing links is slowed, and refused beyond that", async () => {
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (_, n) => ask("/console/sign-in/local", JSON.stringify({ token: `guess${n}` }))),
    );
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([403, 429]));
  });

  test("takes a renewed certificate into use without a restart", async () => {
    const { serial } = await ask("/metrics");
    copyFileSync(file("second.pem"), file("tls.pem"));
    copyFileSync(file("second.key"), file("tls.key"));
    await expect.poll(async () => (await ask("/metrics")).serial, { timeout: 10_000 }).not.toBe(serial);
  });
});
