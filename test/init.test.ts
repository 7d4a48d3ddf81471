import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { start } from "../src/compose/compose.ts";
import { send } from "./clients/replay.ts";
import { ROOT, TOKEN } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { DOMAIN, type Samba, STAFF, startSamba } from "./servers/samba.ts";

describe("postern init active-directory", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-init-"));
  let samba: Samba;
  beforeAll(async () => {
    samba = await startSamba();
    for (let n = 0; n < 12; n++)
      samba.ldapmodify(
        `dn: CN=u${n},OU=Sales,${STAFF}\nchangetype: add\nobjectClass: user\nsAMAccountName: u${n}\npager: ${n}\ncarLicense: x\n`,
      );
  });
  afterAll(async () => {
    await samba.stop();
    rmSync(folder, { recursive: true });
  });

  const postern = (...args: string[]) =>
    new Promise<{ status: number; output: string }>((resolve) => {
      const env = { ...process.env, AD_PASSWORD: samba.bind.password, SCIM_TOKEN: TOKEN };
      execFile(process.execPath, [join(ROOT, "src/main.ts"), ...args], { env }, (error, stdout, stderr) =>
        resolve({ status: (error?.code as number | undefined) ?? 0, output: stdout + stderr }),
      );
    });
  const init = (...args: string[]) =>
    postern(
      "init",
      "active-directory",
      "--url",
      samba.url,
      "--bind",
      samba.bind.dn,
      "--ca",
      samba.ca,
      "--out",
      folder,
      ...args,
    );
  const config = join(folder, "gateway.config.yaml");

  test("writes what serves the domain at once, fitted to what the domain is", async () => {
    const { status, output } = await init();
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain(`Users: OU=Sales,${STAFF}. A guess: 12 of the 16 users are there.`);
    expect(output).toContain("Domain controllers: dc1.corp.example.test.");
    expect(readFileSync(config, "utf8")).not.toContain(samba.bind.password);
    const user = readFileSync(join(folder, "mappings/ad/user.yaml"), "utf8");
    expect(user).toContain("#   pager (12): text");
    expect(user.split("\n")[0]).toContain("yaml-language-server");
    const checked = await postern("check", "--connect", "--config", config);
    expect(checked).toMatchObject({
      status: 0,
      output: expect.stringContaining("may read, create, change, set passwords, delete"),
    });
    writeFileSync(config, readFileSync(config, "utf8").replace("port: 8880", "port: 0"));
    const running = await start(registry, config, { SCIM_TOKEN: TOKEN, AD_PASSWORD: samba.bind.password });
    const client = { base: running.url + running.routes[0], token: TOKEN };
    const made = await send(client, "POST", "/Users", { userName: "first@corp.example.test", displayName: "First" });
    expect(made.status).toBe(201);
    expect(samba.ldapsearch(`OU=Sales,${STAFF}`, "(cn=First)", "dn")).toContain("CN=First");
    await running.stop();
  });

  test("overwrites nothing", async () => {
    const before = readFileSync(config, "utf8");
    const { status, output } = await init("--users", `OU=Research,${STAFF}`);
    expect({ status, output }).toEqual({
      status: 1,
      output: expect.stringMatching(/Nothing was written.*gateway\.config\.yaml/),
    });
    expect(readFileSync(config, "utf8")).toBe(before);
  });

  test("takes the places that it is told", async () => {
    const out = join(folder, "told");
    const { output } = await init("--out", out, "--users", STAFF, "--groups", `OU=Research,${STAFF}`);
    expect(output).toContain(`Groups: OU=Research,${STAFF}. As it was asked for.`);
    expect(readFileSync(join(out, "gateway.config.yaml"), "utf8")).toContain(`base: "${STAFF}"`);
  });

  test.each([
    ["no password", ["--password-env", "NOT_SET"], /environment variable NOT_SET/],
    ["both ways to find the domain", ["--domain", "corp.example.test"], /one of the two/],
    ["an account that is not there", ["--bind", "nobody@corp.example.test"], /refuses the service account/],
    ["a place that is not there", ["--users", `OU=None,${DOMAIN}`], /OU=None,.* is not there/],
  ])("says in a line what is wrong with %s, and writes nothing", async (_, args, message) => {
    const out = join(folder, "wrong");
    const { status, output } = await init("--out", out, ...args);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringMatching(message) });
    expect(output.trim().split("\n").length).toBe(1);
  });
});
