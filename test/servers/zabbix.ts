import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { startMariaDb } from "./databases.ts";
import { ROOT } from "./gateway.ts";
import { freePort } from "./ports.ts";

const PASSWORD = "of-the-tests-only";
const cached = (path: string) => join(ROOT, ".cache/applications", path);

/** Where Debian's patch looks for the settings, and where they are here: in the frontend's own folder, as upstream has it. */
const PATCHED = ["= '/etc/zabbix/zabbix.conf.php'", "= __DIR__.'/../../../conf/zabbix.conf.php'"] as const;

const settings = (port: number) => `<?php
$DB['TYPE'] = 'MYSQL'; $DB['SERVER'] = '127.0.0.1'; $DB['PORT'] = '${port}'; $DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'zabbix'; $DB['PASSWORD'] = '${PASSWORD}'; $DB['SCHEMA'] = ''; $DB['ENCRYPTION'] = false; $DB['KEY_FILE'] = '';
$DB['CERT_FILE'] = ''; $DB['CA_FILE'] = ''; $DB['VERIFY_HOST'] = false; $DB['CIPHER_LIST'] = ''; $DB['VAULT'] = '';
$DB['VAULT_URL'] = ''; $DB['VAULT_DB_PATH'] = ''; $DB['VAULT_TOKEN'] = ''; $DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER_NAME = 'test'; $IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
`;

/** Zabbix' frontend with its JSON-RPC API, on PHP's own server and a MariaDB, as its packages have them. */
export async function startZabbix() {
  const database = await startMariaDb();
  database.run(
    `create database zabbix character set utf8mb4 collate utf8mb4_bin;
     create user zabbix@'127.0.0.1' identified by '${PASSWORD}'; grant all on zabbix.* to zabbix@'127.0.0.1';
     set global log_bin_trust_function_creators = 1;`,
  );
  const part = (name: string) =>
    gunzipSync(readFileSync(cached(`zabbix-server-mysql/usr/share/zabbix-server-mysql/${name}.sql.gz`))).toString();
  // The pictures, to which maps among the data refer, are nothing to the API.
  database.run(
    `use zabbix; set foreign_key_checks = 0; set unique_checks = 0; ${part("schema")}; set autocommit = 0; ${part("data")}; commit;`,
  );
  const folder = mkdtempSync(join(tmpdir(), "postern-zabbix-"));
  const frontend = join(folder, "zabbix");
  cpSync(cached("zabbix-frontend-php/usr/share/zabbix"), frontend, { recursive: true });
  const config = join(frontend, "include/classes/core/CConfigFile.php");
  writeFileSync(config, readFileSync(config, "utf8").replace(...PATCHED));
  writeFileSync(join(frontend, "conf/zabbix.conf.php"), settings(database.settings.port as number));
  const port = await freePort();
  const child = spawn("php", ["-d", "post_max_size=32M", "-S", `127.0.0.1:${port}`, "-t", frontend], {
    stdio: "ignore",
    env: { ...process.env, PHP_CLI_SERVER_WORKERS: "4" },
    detached: true,
  });
  const url = `http://127.0.0.1:${port}`;
  const call = async (method: string, params: unknown, auth?: string) => {
    const response = await fetch(`${url}/api_jsonrpc.php`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params, ...(auth && { auth }) }),
    });
    const { result, error } = (await response.json()) as { result?: unknown; error?: { data: string } };
    if (error) throw new Error(error.data);
    return result;
  };
  for (let attempt = 0; ; attempt++) {
    const version = await call("apiinfo.version", []).catch(() => undefined);
    if (version) break;
    if (attempt > 200) throw new Error("Zabbix' frontend does not answer");
    await sleep(50);
  }
  const session = (await call("user.login", { username: "Admin", password: "zabbix" })) as string;
  return {
    url,
    database,
    /** The gateway's account. */
    account: { username: "Admin", password: "zabbix" },
    call: (method: string, params: unknown) => call(method, params, session),
    stop: async () => {
      // Its workers are of its process group.
      process.kill(-child.pid!, "SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      await database.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
