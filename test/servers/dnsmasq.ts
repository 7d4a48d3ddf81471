import { spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { loopback } from "./samba.ts";

/** A real name server of its own that knows some hosts, and some services by SRV records. */
export async function startDnsmasq(
  hosts: Readonly<Record<string, string>>,
  services: readonly { name: string; target: string; port: number; priority: number }[],
): Promise<{ address: string; stop: () => void }> {
  const address = loopback();
  const child = spawn(
    "dnsmasq",
    [
      ...["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file="],
      ...[`--listen-address=${address}`, "--bind-interfaces", "--except-interface=nothing"],
      ...Object.entries(hosts).map(([name, host]) => `--host-record=${name},${host}`),
      ...services.map(({ name, target, port, priority }) => `--srv-host=${name},${target},${port},${priority},100`),
    ],
    { stdio: "ignore", env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } },
  );
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([address]);
  for (let attempt = 0; ; attempt++) {
    const found = await resolver.resolve4(Object.keys(hosts)[0]!).catch(() => undefined);
    if (found) return { address, stop: () => void child.kill() };
    if (attempt === 100) throw new Error(`dnsmasq does not answer on ${address}`);
    await sleep(25);
  }
}
