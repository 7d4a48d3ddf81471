import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { openLdap, startSlapd } from "../test/servers/slapd.ts";

export const TOKEN = "a-token-that-is-for-the-bench-only";
export const ROOT = join(import.meta.dirname, "..");

/** The id of the nth entry. */
export const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** What a process of the benchmark's tells next. */
export const message = (child: ChildProcess) =>
  new Promise<Record<string, number>>((resolve) =>
    child.once("message", (each) => resolve(each as Record<string, number>)),
  );

/** An OpenLDAP with the entries, and the gateway before it in a process of its own. */
export async function startBench(ldif: string) {
  const slapd = await startSlapd(ldif);
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  const config = join(folder, "gateway.config.yaml");
  const auth = [{ type: "bearer", tokens: [{ name: "bench", token: TOKEN }] }];
  writeFileSync(config, stringify({ server: { port: 0 }, log: { level: "error" }, auth, ...openLdap(slapd, ROOT) }));
  const gateway = fork(join(ROOT, "test/servers/process.ts"), [config], { execArgv: ["--expose-gc"] });
  const { port } = await message(gateway);
  return {
    slapd,
    port: port!,
    /** Bytes: resident, and in use when V8 is made to collect. */
    memory: async (): Promise<{ rss: number; live: number }> => {
      gateway.send("memory");
      const { rss, live } = await message(gateway);
      return { rss: rss!, live: live! };
    },
    stop: async () => {
      gateway.disconnect();
      await slapd.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
