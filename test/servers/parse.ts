import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "./databases.ts";
import { ROOT } from "./gateway.ts";
import { freePort } from "./ports.ts";

const KEY = "a-master-key-of-the-tests";

/** A Parse Server on a PostgreSQL of its own, with the fields that mappings/parse-server/ wants. */
export async function startParse() {
  const postgres = await startPostgres();
  const { host, port: databasePort, database, user, password } = postgres.settings as Record<string, unknown>;
  const port = await freePort();
  const env = {
    ...process.env,
    PORT: String(port),
    KEY,
    DATABASE: `postgres://${user}:${password}@${host}:${databasePort}/${database}`,
  };
  // It writes its log into a folder below the one that it is started in.
  const folder = mkdtempSync(join(tmpdir(), "postern-parse-"));
  const child = fork(join(ROOT, "test/servers/parse/server.mjs"), {
    env,
    cwd: folder,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  await new Promise((ready, failed) => child.once("message", ready).once("exit", failed));
  const url = `http://127.0.0.1:${port}/parse`;
  const headers = { "x-parse-application-id": "people", "x-parse-master-key": KEY, "content-type": "application/json" };
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return (await response.json()) as Record<string, unknown>;
  };
  const text = { type: "String" };
  const fields = ["externalId", "displayName"].map((name) => [name, text]);
  const more = ["givenName", "familyName", "title", "mobile", "employeeNumber", "department"].map((name) => [
    name,
    text,
  ]);
  const pointer = { manager: { type: "Pointer", targetClass: "_User" }, active: { type: "Boolean" } };
  await call("PUT", "/schemas/_User", {
    className: "_User",
    fields: { ...Object.fromEntries([...fields, ...more]), ...pointer },
  });
  await call("PUT", "/schemas/_Role", { className: "_Role", fields: Object.fromEntries(fields) });
  return {
    url,
    key: KEY,
    call,
    stop: async () => {
      child.kill();
      await new Promise((ended) => child.once("exit", ended));
      rmSync(folder, { recursive: true });
      await postgres.stop();
    },
  };
}
