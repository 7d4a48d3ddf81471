import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../clients/replay.ts";
import { ROOT } from "./gateway.ts";
import { freePort } from "./ports.ts";

/** scim2-server from PyPI, which keeps resources in memory. */
export async function startScim2Server(): Promise<Client & { readonly stop: () => Promise<void> }> {
  const port = await freePort();
  const token = "of-the-tests-only";
  const program = join(ROOT, ".cache/scim2-server/bin/scim2-server");
  const child = spawn(program, ["--port", String(port), "--bearer-token", token], { stdio: "ignore" });
  const base = `http://127.0.0.1:${port}/v2`;
  const isUp = () => fetch(`${base}/ServiceProviderConfig`).then(() => true);
  for (let attempt = 0; attempt < 600 && !(await isUp().catch(() => false)); attempt++) await sleep(50);
  return {
    base,
    token,
    stop: async () => {
      child.kill();
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}
