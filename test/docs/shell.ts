import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../servers/gateway.ts";
import { freePort } from "../servers/ports.ts";

/** What a page's commands find on their machine. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  /** Where hosts of the page are, `db.example.com:5432` to `127.0.0.1:40001`. */
  readonly hosts: Readonly<Record<string, string>>;
  /** What programs other than `postern` are told in place of what the page says, such as a directory's URL. */
  readonly words: Readonly<Record<string, string>>;
}

/** What a command said. */
export interface Said {
  readonly output: string;
  readonly status: number;
}

/** A shell that runs a page's commands, in a folder of its own. */
export interface Shell {
  readonly folder: string;
  readonly run: (command: string) => Promise<Said>;
  /** Starts what goes on until the page ends; says what it said until it was quiet. */
  readonly start: (command: string) => Promise<Said>;
  readonly stop: () => Promise<void>;
}

/** Ports that pages speak of; each is a free one in truth. */
const PORTS = [80, 443, 8080, 8443, 8880, 8881, 8882, 9464, 9465, 9466];
/** Programs that are not Node.js', and so are told other words. */
const PROGRAMS = [
  "ldapsearch",
  "ldapmodify",
  "ldapadd",
  "ldapwhoami",
  "psql",
  "pg_dump",
  "pg_restore",
  "mariadb",
  "mysql",
  "openssl",
];
const LIMIT_MS = 120_000;
/** Where a page's folder is, as the page sees it. */
const HOME = "/home/ada";

const LONG_RUNNING =
  /^\s*(?:[A-Z_]+=\S+\s+)*(?:postern(?:\s+serve\b.*|(?:\s+-.*)?)|npm start\b.*|npx postern(?:\s+serve\b.*)?)$/s;

/** Whether a command goes on until somebody ends it. */
export const isLongRunning = (command: string): boolean => {
  const text = command.trim().replace(/\s*&$/, "");
  return LONG_RUNNING.test(text) && !/\s(--help|-h|--version|-V)\b/.test(text) && !/[|>]/.test(text);
};

export async function openShell(folder: string, { env, hosts, words }: Surroundings): Promise<Shell> {
  const ports = new Map<number, number>();
  for (const port of PORTS) ports.set(port, await freePort());
  const own = join(folder, ".runner");
  const home = join(folder, "ada");
  for (const each of [join(own, "bin"), home]) mkdirSync(each, { recursive: true });
  const redirects = [...[...ports].map(([from, to]) => [`:${from}`, `${to}`]), ...Object.entries(hosts)];
  writePrograms(join(own, "bin"), words);
  writeFileSync(join(own, ".curlrc"), curlSettings(ports, hosts));
  const bash = spawn("bash", ["--noprofile", "--norc"], {
    cwd: home,
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      HOME: home,
      PATH: [join(own, "bin"), dirname(process.execPath), process.env.PATH, "/usr/sbin", "/sbin"].join(":"),
      LANG: "C.UTF-8",
      TZ: "UTC",
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: join(ROOT, ".cache/compile"),
      CURL_HOME: own,
      POSTERN_DOCS_REDIRECTS: redirects.map((each) => each.join("=")).join(","),
      ...env,
    },
  });
  const ended = new Promise<void>((resolve) => bash.once("exit", () => resolve()));
  bash.stdout.setEncoding("utf8");
  bash.stdin.on("error", () => {});
  bash.stdin.write("exec 2>&1\n");
  const asShown = (text: string) => {
    let shown = text.replaceAll(home, HOME).replaceAll(`${folder}/`, "/home/");
    for (const [port, real] of ports) shown = shown.replace(new RegExp(`\\b${real}\\b`, "g"), String(port));
    for (const [word, real] of Object.entries(words)) shown = shown.replaceAll(real, word);
    return shown;
  };
  let count = 0;
  const run = async (command: string): Promise<Said> => {
    const file = join(own, `${++count}.sh`);
    writeFileSync(file, `${command}\n`);
    const mark = `<end of ${count}>`;
    const output = readUntil(bash, mark, ended);
    bash.stdin.write(`. ${file} </dev/null; __rc=$?; printf '\\n%s%s\\n' '${mark}' $__rc; (exit $__rc)\n`);
    const { text, status } = await output;
    return { output: asShown(text), status };
  };
  const running: { name: string; isBeside: boolean }[] = [];
  const end = async ({ name }: { name: string }) => {
    if (existsSync(`${name}.pid`) && !existsSync(`${name}.rc`))
      process.kill(Number(readFileSync(`${name}.pid`, "utf8")));
    while (!existsSync(`${name}.rc`)) await sleep(20);
  };
  const start = async (command: string): Promise<Said> => {
    const isBeside = /&\s*$/.test(command);
    for (const each of running.splice(0)) each.isBeside ? running.push(each) : await end(each);
    const name = join(own, `background-${++count}`);
    writeFileSync(
      `${name}.sh`,
      `export POSTERN_DOCS_PID=${name}.pid\n${command.replace(/&\s*$/, "")}\necho $? > ${name}.rc\n`,
    );
    await run(`( . ${name}.sh ) >${name}.log 2>&1 </dev/null &`);
    running.push({ name, isBeside });
    const text = await quiet(name);
    const hasEnded = existsSync(`${name}.rc`);
    return { output: asShown(text), status: hasEnded ? Number(readFileSync(`${name}.rc`, "utf8")) : 0 };
  };
  return {
    folder: home,
    run,
    start,
    stop: async () => {
      for (const each of running) await end(each);
      try {
        process.kill(-bash.pid!, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What a shell says until a mark; also where it ends before, by a command of `set -e`. */
function readUntil(bash: ChildProcess, mark: string, ended: Promise<void>): Promise<{ text: string; status: number }> {
  return new Promise((resolve, reject) => {
    let text = "";
    const settle = (settled: () => void) => {
      clearTimeout(timer);
      bash.stdout!.off("data", take);
      settled();
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`it has not ended after ${LIMIT_MS / 1000} s:\n${text}`))),
      LIMIT_MS,
    );
    const take = (chunk: string) => {
      text += chunk;
      const at = text.indexOf(`\n${mark}`);
      const status = /^\d+(?=\n)/.exec(text.slice(at + mark.length + 1))?.[0];
      if (at >= 0 && status !== undefined) settle(() => resolve({ text: text.slice(0, at), status: Number(status) }));
    };
    bash.stdout!.on("data", take);
    void ended.then(() => settle(() => resolve({ text, status: 1 })));
  });
}

/** Waits until what runs in the background serves, or has ended, and has nothing more to say. */
async function quiet(name: string): Promise<string> {
  const logged = () => (existsSync(`${name}.log`) ? readFileSync(`${name}.log`, "utf8") : "");
  const isUp = (text: string) => /\bserves\b|\bserving\b|\blistening\b/i.test(text) || existsSync(`${name}.rc`);
  for (const until = Date.now() + 30_000; !isUp(logged()); ) {
    if (Date.now() > until) throw new Error(`it does not say that it serves:\n${logged()}`);
    await sleep(20);
  }
  for (let text = ""; text !== logged(); ) {
    text = logged();
    await sleep(200);
  }
  return logged();
}

/** The programs whose names on a page mean something else here. */
function writePrograms(folder: string, words: Readonly<Record<string, string>>): void {
  const program = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  };
  const hook = join(ROOT, "test/docs/redirect.mjs");
  program(
    "postern",
    `#!/bin/sh
[ -z "$POSTERN_DOCS_PID" ] || echo $$ > "$POSTERN_DOCS_PID"
exec "${process.execPath}" --import "${hook}" "${join(ROOT, "src/main.ts")}" "$@"
`,
  );
  program(
    "npx",
    '#!/bin/sh\n[ "$1" = postern ] || { echo "npx $1: only postern is at hand" >&2; exit 1; }\nshift; exec postern "$@"\n',
  );
  program(
    "npm",
    '#!/bin/sh\n[ "$1" = start ] || { echo "npm $1: only npm start is at hand" >&2; exit 1; }\nshift; [ "$1" != -- ] || shift; exec postern serve "$@"\n',
  );
  program("sudo", '#!/bin/sh\nexec "$@"\n');
  const changes = Object.entries(words).map(([word, real]) => `each="\${each//${quoted(word)}/${quoted(real)}}"`);
  for (const name of changes.length > 0 ? PROGRAMS : [])
    program(
      name,
      `#!/bin/bash
given=()
for each in "$@"; do ${changes.join("; ")}; given+=("$each"); done
PATH="\${PATH#*:}" exec ${name} "\${given[@]}"
`,
    );
}

const quoted = (text: string) => text.replace(/[\\/$"`]/g, "\\$&");

function curlSettings(ports: ReadonlyMap<number, number>, hosts: Readonly<Record<string, string>>): string {
  const lines = [...Object.entries(hosts), ...[...ports].map(([from, to]) => [`:${from}`, `127.0.0.1:${to}`] as const)];
  return `silent\nshow-error\n${lines.map(([from, to]) => `connect-to = "${from}:${to}"\n`).join("")}`;
}
