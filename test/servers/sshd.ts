import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

/** A real OpenSSH server that serves one folder by SFTP, to a user without rights. */
export interface SftpServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The file with the user's private key. */
  readonly privateKey: string;
  /** The fingerprint of the server's key. */
  readonly hostKey: string;
  /** The folder that is served. */
  readonly folder: string;
  /** Gives what was written into the folder to the server's user. */
  readonly give: () => void;
  /** Sends a signal to the server and to all its connections. */
  readonly signal: (name: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts it; it needs no root, and is run as nobody where root starts it. */
export async function startSshd(): Promise<SftpServer> {
  const home = mkdtempSync(join(tmpdir(), "postern-sshd-"));
  chmodSync(home, 0o755);
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? "nobody" : userInfo().username;
  const key = (name: string) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, name)]);
    return join(home, name);
  };
  const [hostKeyFile, privateKey] = [key("host"), key("user")];
  const folder = join(home, "drop");
  mkdirSync(folder);
  writeFileSync(join(home, "authorized_keys"), readFileSync(`${privateKey}.pub`));
  const port = await freePort();
  writeFileSync(
    join(home, "sshd_config"),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${hostKeyFile}
AuthorizedKeysFile ${join(home, "authorized_keys")}
PidFile none
StrictModes no
UsePAM yes
PasswordAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
`,
  );
  const give = () => {
    if (isRoot) execFileSync("chown", ["-R", user, folder]);
  };
  if (isRoot) execFileSync("chown", ["-R", user, home]);
  const program = ["/usr/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path)) ?? "sshd";
  const args = [program, "-D", "-e", "-f", join(home, "sshd_config")];
  const group = execFileSync("id", ["-g", user], { encoding: "utf8" }).trim();
  const as = isRoot ? ["setpriv", `--reuid=${user}`, `--regid=${group}`, "--clear-groups"] : [];
  const start = () => {
    const [command, ...rest] = [...as, ...args];
    return spawn(command!, rest, { stdio: "ignore" });
  };
  let server = start();
  const ready = async () => {
    for (let attempt = 0; ; attempt++) {
      if (await answers(port)) return;
      if (attempt === 200 || server.exitCode !== null) throw new Error("sshd did not start");
      await sleep(50);
    }
  };
  await ready();
  // Each connection is two processes of its own, which would live on.
  const signal = (name: NodeJS.Signals) => {
    for (const pid of [server.pid!, ...descendantsOf(server.pid!)])
      try {
        process.kill(pid, name);
      } catch {
        // It has just ended.
      }
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    signal("SIGKILL");
    await ended;
  };
  const [, hostKey = ""] = execFileSync("ssh-keygen", ["-lf", `${hostKeyFile}.pub`], { encoding: "utf8" }).split(" ");
  return {
    ...{ host: "127.0.0.1", port, user, privateKey, hostKey, folder, give, signal, kill },
    restart: async () => {
      server = start();
      await ready();
    },
    stop: async () => {
      await kill();
      rmSync(home, { recursive: true });
    },
  };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
  });

function descendantsOf(pid: number): number[] {
  const { stdout } = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
  const children = stdout.split("\n").filter(Boolean).map(Number);
  return [...children, ...children.flatMap(descendantsOf)];
}
