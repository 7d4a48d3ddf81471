import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, TOKEN } from "./servers/gateway.ts";

describe("bounds", () => {
  test("RFC 7644 §3.4.2: a filter that the backend answers in part is 400 tooMany beyond the limit", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-limits-"));
    const mapping = join(folder, "user.yaml");
    const shipped = readFileSync(join(ROOT, "mappings/legacy-hr/user.yaml"), "utf8");
    writeFileSync(mapping, shipped.replace("printed_name", "{ read: '$join([first_name, last_name], \" \")' }"));
    const routes = { "/scim/v2": { User: { connector: "hr", mapping } } };
    const gateway = await startGateway({ ...legacyHr(), routes, limits: { scan: 2 } });
    const query = (text: string) => send(gateway, "GET", `/Users?${text}`);
    try {
      for (const text of ['filter=name.formatted co "a"', "sortBy=emails.value"]) {
        const answer = await query(text);
        expect(answer).toMatchObject({ status: 400, json: { scimType: "tooMany" } });
        expect(answer.json.detail).toContain("limits.scan");
      }
      const narrowed = await query('filter=userName sw "ada" and name.formatted co "a"');
      expect(narrowed.json.Resources).toMatchObject([{ userName: "ada.lovelace@example.com" }]);
    } finally {
      await gateway.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("bodies that are refused before they are read", () => {
  test.each([
    ["of somebody unknown, 2 MB", 401, 2, "/Users", "Vogon"],
    ["for an address where nothing is, 2 MB", 413, 2, "/Nothing", TOKEN],
    ["a byte beyond the limit", 413, 1, "/Users", TOKEN],
    ["of 12 MB", 413, 12, "/Bulk", TOKEN],
  ])("%s: a client that sends all of it before it reads gets the answer", async (_, status, megabytes, path, token) => {
    const gateway = await startGateway(legacyHr());
    try {
      const { hostname, port, pathname } = new URL(gateway.base);
      const body = "x".repeat(megabytes * 1024 * 1024 + 1);
      const head = `POST ${pathname}${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      expect(await sentThenRead(Number(port), hostname, head + body)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    } finally {
      await gateway.stop();
    }
  });
});

/** What a server answers to a client that reads nothing until it has written everything, and a little longer. */
const sentThenRead = (port: number, host: string, request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host).once("error", reject);
    let answer = "";
    socket.write(request, async () => {
      await setTimeout(300);
      socket.on("data", (part) => {
        answer += part;
        resolve(answer);
        socket.destroy();
      });
    });
  });

describe("the log", () => {
  test("a log line says nothing of whom a request was about", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-log-"));
    const file = join(folder, "gateway.config.yaml");
    const auth = [{ type: "bearer", tokens: [{ name: "someone", token: TOKEN }] }];
    writeFileSync(file, stringify({ server: { port: 0 }, log: { level: "info" }, auth, ...legacyHr() }));
    const gateway = fork(join(ROOT, "test/servers/process.ts"), [file], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    let log = "";
    gateway.stdout!.on("data", (chunk) => {
      log += chunk;
    });
    const { port } = await new Promise<{ port: number }>((resolve) =>
      gateway.once("message", (each) => resolve(each as never)),
    );
    const client = { base: `http://127.0.0.1:${port}/scim/v2`, token: TOKEN };
    await send(client, "GET", '/Users?filter=userName eq "Zaphod"');
    await send(client, "POST", "/Users", { userName: "Zaphod", displayName: "Beeblebrox", shoeSize: "Heart of Gold" });
    await send({ ...client, token: "Vogon" }, "GET", "/Users/1");
    await expect.poll(() => log.trim().split("\n").length).toBe(3);
    for (const line of log.trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({
        method: expect.any(String),
        path: expect.any(String),
        status: expect.any(Number),
        requestId: expect.any(String),
      });
    expect(log).not.toMatch(/Zaphod|Beeblebrox|Heart of Gold|Vogon/);
    expect(log).not.toContain(TOKEN);
    expect(log).toContain('"caller":"someone"');
    gateway.disconnect();
    rmSync(folder, { recursive: true });
  });
});
