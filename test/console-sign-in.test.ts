import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as requestPlain } from "node:http";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, openPage } from "./servers/browser.ts";
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
  return { status: answer.status, ...((await answer.json()) as { name?: string; role?: string; error?: string }) };
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
    expect(recorded().at(-1)).toMatchObject({ event: "sign-in", by: `${who}@example.com`, role, method: "oidc" });
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
    expect(back.headers.getSetCookie()).toEqual([]);
    expect(await me(visitor)).toMatchObject({ status: 401 });
    expect(recorded().at(-1)).toMatchObject({ event: "refused", result: "403", caller: "eve@example.com" });
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
    expect((await ann.get(used)).status).toBe(302);
    expect((await ann.get(used)).status).toBe(400);
  });

  test("a session ends when it is over or was idle for too long, and its cookie is known to nobody", async () => {
    const ann = newVisitor();
    await ann.get(await comingBack(ann, "ann"));
    const cookie = ann.cookies(url).get("postern")!;
    expect(readFileSync(join(folder, "state.db-wal")).includes(cookie)).toBe(false);
    inStore(`update console_sessions set seen = seen - ${59 * 60_000}`);
    expect((await me(ann)).status).toBe(200);
    // It was used just now, so that it has another hour.
    inStore(`update console_sessions set seen = seen - ${59 * 60_000}`);
    expect((await me(ann)).status).toBe(200);
    inStore(`update console_sessions set seen = seen - ${61 * 60_000}`);
    expect((await me(ann)).status).toBe(401);
    await ann.get(await comingBack(ann, "ann"));
    inStore("update console_sessions set expires = 0");
    expect((await me(ann)).status).toBe(401);
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
    const cookie = cookies(url).get("postern")!;
    expect((await signOut(headers)).status).toBe(204);
    expect(recorded().at(-1)).toMatchObject({ event: "sign-out", by: "local:tests" });
    expect(cookies(url).has("postern")).toBe(false);
    cookies(url).set("postern", cookie);
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
    expect(recorded().at(-1)).toMatchObject({ event: "sign-in", by: "local:root", method: "link" });
    expect((await useLinkAs(newVisitor(), link)).status).toBe(403);
    const late = await linkTo(gateway);
    inStore("update console_tickets set expires = 0");
    const answer = await useLinkAs(newVisitor(), late);
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { error: "This link was used already, or is older than ten minutes. Make a new one: postern console" },
    ]);
    expect(recorded().at(-1)).toMatchObject({ event: "refused", refusal: "sign-in", method: "link", result: "403" });
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
    await browser.close();
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
    for (const [name, value] of ann.cookies(url)) ann.cookies(other).set(name, value);
    expect((await ann.get(address.replace(url, other))).status).toBe(302);
    expect(await me(ann, other)).toMatchObject({ status: 200, name: "ann@example.com", role: "operator" });
    ann.cookies(url).set("postern", ann.cookies(other).get("postern")!);
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
      expect.stringMatching(/^__Host-postern=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
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
