import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT } from "./servers/gateway.ts";
import { hasHelm, render, trialText } from "./servers/helm.ts";
import { mountFiles } from "./servers/kubelet.ts";
import { freePort, listening } from "./servers/ports.ts";

describe("a gateway in a pod", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-pod-"));
  let gateway: ChildProcess | undefined;
  afterEach(() => gateway?.kill());
  afterAll(() => rmSync(folder, { recursive: true }));
  const [config, secret] = [join(folder, "config"), join(folder, "secrets/scim")];
  /** The paths of a container as those of this machine. */
  const here = (text: string) => text.replaceAll("/etc/postern/secrets", join(folder, "secrets"));
  const postern = (...args: string[]) => [
    join(ROOT, "src/main.ts"),
    ...args,
    "--config",
    join(config, "gateway.config.yaml"),
  ];

  test("takes the chart's default configuration, and changes of it, of mappings and of secrets without a restart", async () => {
    mountFiles(secret, { token: "the-first-token-of-all" });
    const rendered = hasHelm && render({}).manifests.find(({ kind }) => kind === "ConfigMap")!.data;
    const text = here(rendered ? rendered["gateway.config.yaml"] : trialText);
    mountFiles(config, { "gateway.config.yaml": text });
    const check = spawnSync(process.execPath, postern("check"), { encoding: "utf8" });
    expect(check.status, check.stdout + check.stderr).toBe(0);

    // The same on ports of this machine alone, with a mapping in a folder of its own.
    const [port, operations] = [await freePort(), await freePort()];
    const user = readFileSync(join(ROOT, "mappings/scim/user.yaml"), "utf8");
    const local = text
      .replaceAll("0.0.0.0", "127.0.0.1")
      .replace(/port: 8880/, `port: ${port}`)
      .replace(/port: 9464/, `port: ${operations}`)
      .replace("postern:scim/user", "mappings/user.yaml");
    const mount = (own: string, mapping: string) =>
      mountFiles(config, { "gateway.config.yaml": own, "mappings/user.yaml": mapping });
    mount(local, user);
    gateway = spawn(process.execPath, postern("serve"), { stdio: "ignore" });
    await listening("127.0.0.1", port);
    const asked = (token: string, path = "/Users", body?: object) =>
      send({ base: `http://127.0.0.1:${port}/scim/v2`, token }, body ? "POST" : "GET", path, body);
    const statusOf = async (token: string) => (await asked(token)).status;
    const within = { timeout: 10_000 };
    const { json } = await asked("the-first-token-of-all", "/Users", { userName: "ann" });

    mountFiles(secret, { token: "another-token-than-before" });
    await expect.poll(() => statusOf("another-token-than-before"), within).toBe(200);
    expect(await statusOf("the-first-token-of-all")).toBe(401);

    const more = "auth:\n  - { type: bearer, tokens: [{ name: more, token: one-more-token-for-tests }] }\n";
    mount(local.replace("auth:\n", more), user);
    await expect.poll(() => statusOf("one-more-token-for-tests"), within).toBe(200);
    // It is the process of the beginning: what its connector has in memory is there.
    expect((await asked("one-more-token-for-tests", `/Users/${json.id}`)).status).toBe(200);

    mount(local, user.replace("  title: title\n", ""));
    const isTitled = async () => {
      const titled = { userName: `user${Math.random()}`, title: "Dr" };
      return "title" in (await asked("another-token-than-before", "/Users", titled)).json;
    };
    await expect.poll(isTitled, within).toBe(false);

    // A wrong one is refused, and the next right one is taken.
    mount("auth: []\n", user);
    const metrics = async () => (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
    await expect.poll(metrics, within).toContain('postern_reloads_total{result="refused"} 1');
    expect(await statusOf("another-token-than-before")).toBe(200);
    mount(local, user);
    await expect.poll(isTitled, within).toBe(true);
    expect(gateway.exitCode).toBe(null);
  });
});
