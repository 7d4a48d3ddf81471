import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeAuthority, makeCertificate } from "./certificates.ts";
import { ROOT, startBefore, type TestGateway } from "./gateway.ts";
import { madeOnce, versionOf } from "./made-once.ts";
import { freePort } from "./ports.ts";

/** A real database server of its own: a folder, a port, an empty database. */
export interface Database {
  /** The connector's settings that reach it. */
  readonly settings: { readonly dialect: "mysql" | "postgres"; readonly host: string; readonly port: number } & Record<
    string,
    unknown
  >;
  /** The file with the authority that its certificate is from, where it has one. */
  readonly ca: string;
  /** Runs statements as the administrator, through the server's own client; gives what it prints. */
  readonly run: (script: string) => string;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const NAME = "hr";
const PASSWORD = "of-the-tests-only";

/** Makes a folder that the server's own user may enter. */
function folderFor(user: string, names: string): string {
  const folder = mkdtempSync(join(tmpdir(), `postern-${user}-`));
  makeAuthority(folder);
  makeCertificate(folder, "server", names);
  chmodSync(folder, 0o755);
  for (const part of ["data", "tmp"]) mkdirSync(join(folder, part));
  execFileSync("chown", ["-R", `${user}:`, folder]);
  return folder;
}

/** The names that a server's certificate is for, in the tests where nothing else is said. */
const NAMES = "DNS:localhost,IP:127.0.0.1";

export async function startMariaDb(names = NAMES): Promise<Database> {
  const folder = folderFor("mysql", names);
  const data = join(folder, "data");
  const socket = join(folder, "s.sock");
  // A server that starts deletes the temporary tables of all others in the folder.
  const temporary = `--tmpdir=${join(folder, "tmp")}`;
  const install = ["--no-defaults", "--user=mysql", "--auth-root-authentication-method=normal", "--skip-test-db"];
  madeOnce(
    [versionOf("mariadbd"), ...install],
    data,
    () =>
      void execFileSync("mariadb-install-db", [...install, `--datadir=${data}`, temporary], {
        stdio: ["ignore", "ignore", "pipe"],
      }),
  );
  const port = await freePort();
  const run = (script: string) =>
    execFileSync("mariadb", ["--no-defaults", "--skip-ssl", "-u", "root", "-S", socket, "-N", "-B"], {
      input: script,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    });
  const start = () =>
    spawn(
      "mariadbd",
      [
        ...["--no-defaults", "--user=mysql", `--datadir=${data}`, `--port=${port}`, "--bind-address=127.0.0.1"],
        ...[temporary, `--socket=${socket}`, "--innodb-flush-log-at-trx-commit=2", "--character-set-server=utf8mb4"],
        ...[`--ssl-cert=${join(folder, "server.pem")}`, `--ssl-key=${join(folder, "server.key")}`],
      ],
      { stdio: "ignore", env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } },
    );
  const server = await serve(start, () => run("select 1"));
  run(
    `create database ${NAME}; create user postern@'127.0.0.1' identified by '${PASSWORD}'; grant all on ${NAME}.* to postern@'127.0.0.1';`,
  );
  return {
    ...server,
    ca: join(folder, "ca.pem"),
    settings: { dialect: "mysql", host: "127.0.0.1", port, database: NAME, user: "postern", password: PASSWORD },
    run: (script) => run(`use ${NAME};\n${script}`),
    stop: () => server.kill().then(() => rmSync(folder, { recursive: true })),
  };
}

const postgresPath = (name: string): string => globSync(`/usr/lib/postgresql/*/bin/${name}`).at(-1)!;

/** A program of PostgreSQL's that is not to be run by root. */
const postgresProgram = (name: string, ...args: string[]): [string, string[]] => [
  "setpriv",
  ["--reuid=postgres", "--regid=postgres", "--clear-groups", postgresPath(name), ...args],
];

/** Starts a PostgreSQL server on a folder that has its data. */
async function servePostgres(folder: string) {
  const data = join(folder, "data");
  const port = await freePort();
  const run = (script: string, database = NAME) =>
    execFileSync(
      postgresPath("psql"),
      ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-d", database, "-Atq", "-v", "ON_ERROR_STOP=1"],
      { input: script, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] },
    );
  const settings = [
    "ssl=on",
    `ssl_cert_file=${join(folder, "server.pem")}`,
    `ssl_key_file=${join(folder, "server.key")}`,
  ];
  const [program, args] = postgresProgram(
    "postgres",
    ...["-D", data, "-p", String(port), "-k", data, "-h", "127.0.0.1", "-F"],
    ...settings.flatMap((setting) => ["-c", setting]),
  );
  const server = await serve(
    () => spawn(program, args, { stdio: "ignore" }),
    () => run("select 1", "postgres"),
  );
  return { server, port, run };
}

export async function startPostgres(names = NAMES): Promise<Database> {
  const folder = folderFor("postgres", names);
  const data = join(folder, "data");
  const init = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"];
  madeOnce(
    [versionOf(postgresPath("postgres")), ...init],
    data,
    () => void execFileSync(...postgresProgram("initdb", "-D", data, ...init), { stdio: ["ignore", "ignore", "pipe"] }),
  );
  const { server, port, run } = await servePostgres(folder);
  run(`create role postern login password '${PASSWORD}'`, "postgres");
  run(`create database ${NAME} owner postern`, "postgres");
  return {
    ...server,
    ca: join(folder, "ca.pem"),
    settings: { dialect: "postgres", host: "127.0.0.1", port, database: NAME, user: "postern", password: PASSWORD },
    run: (script) => run(`set role postern;\n${script}`),
    stop: () => server.kill().then(() => rmSync(folder, { recursive: true })),
  };
}

/** A server that follows a PostgreSQL server, and is only read from. */
export interface Replica extends Pick<Database, "kill" | "restart" | "stop"> {
  readonly address: string;
  /** Whether it goes on following: while it does not, it is behind. */
  readonly follow: (on: boolean) => void;
  /** Waits until all that was written by now has come. */
  readonly catchUp: () => Promise<void>;
}

export async function startPostgresReplica(primary: Database): Promise<Replica> {
  const folder = folderFor("postgres", NAMES);
  chmodSync(join(folder, "data"), 0o700);
  const from = ["-h", "127.0.0.1", "-p", String(primary.settings.port), "-U", "postgres"];
  execFileSync(...postgresProgram("pg_basebackup", ...from, "-D", join(folder, "data"), "-R", "-c", "fast"), {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { server, port, run } = await servePostgres(folder);
  return {
    kill: server.kill,
    restart: server.restart,
    address: `127.0.0.1:${port}`,
    follow: (on) => run(`select pg_wal_replay_${on ? "resume" : "pause"}();`),
    catchUp: async () => {
      const written = primary.run("select pg_current_wal_lsn();").trim();
      while (run(`select pg_last_wal_replay_lsn() >= '${written}';`).trim() !== "t") await sleep(20);
    },
    stop: () => server.kill().then(() => rmSync(folder, { recursive: true })),
  };
}

async function serve(start: () => ChildProcess, ask: () => void) {
  let child = start();
  const ready = async () => {
    for (let attempt = 0; ; attempt++) {
      try {
        ask();
        return;
      } catch (error) {
        if (attempt === 200 || child.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  };
  await ready();
  // A server may be several processes, each a group of its own: what is sent goes to all of them.
  const signal = (name: NodeJS.Signals) => {
    const send = (pid: number) => {
      try {
        process.kill(pid, name);
      } catch {
        // It has just ended.
      }
    };
    // The first makes the others: it is told first, so that none is made behind our back.
    send(child.pid!);
    const { stdout } = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" });
    for (const pid of stdout.split("\n").filter(Boolean)) send(Number(pid));
  };
  return {
    signal,
    kill: async () => {
      signal("SIGKILL");
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.once("exit", resolve));
    },
    // PostgreSQL refuses to start while a process of the one that was killed still ends.
    restart: async () => {
      for (let attempt = 0; ; attempt++)
        try {
          child = start();
          await ready();
          return;
        } catch (error) {
          if (attempt === 20 || child.exitCode === null) throw error;
          await sleep(200);
        }
    },
  };
}

/** The store of what outlives a gateway, on a server. */
export const stateIn = ({ settings: { user, host, port, database, password } }: Database) => ({
  url: `postgres://${user}@${host}:${port}/${database}`,
  password: String(password),
});

/** The connector's settings for the legacy HR tables on a server, and the routes of their mappings. */
export const openHr = ({ settings }: Database, more: object = {}) => ({
  connectors: {
    hr: {
      type: "sql",
      ...settings,
      kinds: {
        person: {
          table: "people",
          lists: { team_ids: { table: "team_members", owner: "person_id", value: "team_id" } },
        },
        team: {
          table: "teams",
          lists: { member_ids: { table: "team_members", owner: "team_id", value: "person_id" } },
        },
      },
      ...more,
    },
  },
  routes: {
    "/scim/v2": {
      User: { connector: "hr", mapping: join(ROOT, "mappings/legacy-hr/user.yaml") },
      Group: { connector: "hr", mapping: join(ROOT, "mappings/legacy-hr/group.yaml") },
    },
  },
});

/** Starts a server with the legacy HR tables in it. */
export async function startHr(dialect: "postgres" | "mysql", names?: string): Promise<Database> {
  const database = await (dialect === "postgres" ? startPostgres(names) : startMariaDb(names));
  const file = dialect === "postgres" ? "postgres.sql" : "mariadb.sql";
  database.run(readFileSync(join(ROOT, "mappings/legacy-hr", file), "utf8"));
  return database;
}

/** The legacy HR tables on a server, and a gateway in front of it, that go together. */
export async function startHrGateway(dialect: "postgres" | "mysql"): Promise<TestGateway> {
  const database = await startHr(dialect);
  return startBefore(database, openHr(database));
}
