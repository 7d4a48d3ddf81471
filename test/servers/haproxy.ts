import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listening } from "./ports.ts";

/** A real HAProxy that gives requests to several gateways in turn, and looks at `/readyz` who of them serves. */
export interface HaProxy {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** As docs/guides/high-availability.md shows it, but for the times: health is looked at ten times as often. */
const configuration = (port: number, ports: readonly number[]): string => `
global
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 30s
  option redispatch 1
  retries 3
frontend scim
  bind 127.0.0.1:${port}
  default_backend postern
backend postern
  balance roundrobin
  option forwardfor
  option httpchk GET /readyz
  default-server check inter 200ms fall 2 rise 1
${ports.map((each, n) => `  server gateway${n + 1} 127.0.0.1:${each}`).join("\n")}
`;

/** Starts an HAProxy before gateways that listen on some ports. */
export async function startHaProxy(ports: readonly number[]): Promise<HaProxy> {
  const folder = mkdtempSync(join(tmpdir(), "postern-haproxy-"));
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configuration(port, ports));
  const path = `${process.env.PATH}:/usr/sbin`;
  const child = spawn("haproxy", ["-f", file, "-q"], { stdio: "ignore", env: { ...process.env, PATH: path } });
  await listening("127.0.0.1", port);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
