import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./gateway.ts";
import { freePort } from "./ports.ts";

const SECRET = "of-the-tests-only";
const fast = "{ per_second: 1000, burst_count: 1000 }";

const settings = (folder: string, port: number) => `server_name: example.test
public_baseurl: http://127.0.0.1:${port}/
listeners: [{ port: ${port}, bind_addresses: [127.0.0.1], type: http, resources: [{ names: [client], compress: false }] }]
database: { name: sqlite3, args: { database: "${folder}/homeserver.db" } }
signing_key_path: "${folder}/signing.key"
media_store_path: "${folder}/media"
log_config: "${folder}/log.yaml"
registration_shared_secret: ${SECRET}
macaroon_secret_key: ${SECRET}
form_secret: ${SECRET}
bcrypt_rounds: 4
report_stats: false
trusted_key_servers: []
federation_domain_whitelist: []
background_updates: { sleep_enabled: false }
presence: { enabled: false }
push: { enabled: false }
rc_login: { address: ${fast}, account: ${fast}, failed_attempts: ${fast} }
rc_registration: ${fast}
`;

/** Matrix' Synapse on SQLite, with its API of administration and the token of an administrator. */
export async function startSynapse() {
  const folder = mkdtempSync(join(tmpdir(), "postern-synapse-"));
  const port = await freePort();
  writeFileSync(join(folder, "homeserver.yaml"), settings(folder, port));
  writeFileSync(
    join(folder, "log.yaml"),
    `version: 1\ndisable_existing_loggers: false\nhandlers: { file: { class: logging.FileHandler, filename: "${folder}/synapse.log" } }\nroot: { level: WARNING, handlers: [file] }\n`,
  );
  writeFileSync(
    join(folder, "signing.key"),
    `ed25519 a_test ${randomBytes(32).toString("base64").replace(/=+$/, "")}\n`,
  );
  const child: ChildProcess = spawn(
    join(ROOT, ".cache/synapse/bin/python"),
    ["-m", "synapse.app.homeserver", "-c", "homeserver.yaml"],
    { cwd: folder, stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  const until = async (isSo: () => Promise<boolean>, what: string) => {
    for (let attempt = 0; attempt < 600; attempt++) {
      if (await isSo().catch(() => false)) return;
      await sleep(50);
    }
    throw new Error(`Synapse ${what}`);
  };
  await until(async () => (await fetch(`${url}/health`)).ok, "does not answer");
  // Some of its indexes are made behind its start; until they are there a few requests fail.
  const left = () => {
    const database = new DatabaseSync(join(folder, "homeserver.db"), { readOnly: true });
    const { count } = database.prepare("select count(*) as count from background_updates").get() as { count: number };
    database.close();
    return count;
  };
  await until(async () => left() === 0, "does not come to its end of preparing");
  const register = `${url}/_synapse/admin/v1/register`;
  const { nonce } = (await (await fetch(register)).json()) as { nonce: string };
  const mac = createHmac("sha1", SECRET).update([nonce, "admin", SECRET, "admin"].join("\0")).digest("hex");
  const body = JSON.stringify({ nonce, username: "admin", password: SECRET, admin: true, mac });
  const { access_token: token } = (await (await fetch(register, { method: "POST", body })).json()) as {
    access_token: string;
  };
  return {
    url,
    token,
    call: async (method: string, path: string, given?: object) => {
      const response = await fetch(`${url}/_synapse/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(given && { body: JSON.stringify(given) }),
      });
      return (await response.json()) as Record<string, unknown>;
    },
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
