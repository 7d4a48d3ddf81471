import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

const PASSWORD = "of-the-tests-only";

/** A RabbitMQ of its own with its management API, and an administrator of the gateway's. */
export async function startRabbitMq() {
  const folder = mkdtempSync(join(tmpdir(), "postern-rabbitmq-"));
  const [amqp, http, dist, epmd] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const file = (name: string, text: string) => writeFileSync(join(folder, name), text);
  file(
    "rabbitmq.conf",
    [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      `management.tcp.ip = 127.0.0.1`,
      `management.tcp.port = ${http}`,
      "default_user = postern",
      `default_pass = ${PASSWORD}`,
      "",
    ].join("\n"),
  );
  file("enabled_plugins", "[rabbitmq_management].\n");
  for (const name of ["mnesia", "log", "home"]) mkdirSync(join(folder, name));
  chmodSync(folder, 0o755);
  execFileSync("chown", ["-R", "rabbitmq:", folder]);
  const env = {
    ...process.env,
    HOME: join(folder, "home"),
    ERL_EPMD_PORT: String(epmd),
    RABBITMQ_NODENAME: `postern${http}@localhost`,
    RABBITMQ_DIST_PORT: String(dist),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    // One scheduler, no busy waiting: it shares two cores with the other tests.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 1:1 +sbwt none",
  };
  const program = ["--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups", "/usr/lib/rabbitmq/bin/rabbitmq-server"];
  const child = spawn("setpriv", program, { env, stdio: "ignore", detached: true });
  const url = `http://127.0.0.1:${http}/api`;
  const authorization = `Basic ${Buffer.from(`postern:${PASSWORD}`).toString("base64")}`;
  const call = async (method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
  };
  for (let attempt = 0; ; attempt++) {
    const ready = await call("GET", "/overview").then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) break;
    if (attempt === 300 || child.exitCode !== null) throw new Error("RabbitMQ does not start");
    await sleep(200);
  }
  return {
    url,
    auth: { type: "basic", username: "postern", password: PASSWORD },
    call,
    stop: async () => {
      process.kill(-child.pid!, "SIGTERM");
      await new Promise((ended) => child.once("exit", ended));
      // The name service that the node started goes with it.
      execFileSync("epmd", ["-port", String(epmd), "-kill"], { stdio: "ignore" });
      rmSync(folder, { recursive: true });
    },
  };
}
