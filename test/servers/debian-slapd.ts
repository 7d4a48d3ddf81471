import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { branchesBelow } from "../../demo/tree.ts";
import { freePort, listening } from "./ports.ts";
import { type Slapd, signalled } from "./slapd.ts";

const SUFFIX = "dc=example,dc=org";

/** A slapd as Debian's package leaves it, with the address by which root changes its configuration. */
interface DebianSlapd extends Slapd {
  /** The address of its socket, `ldapi:///` on a real machine. */
  readonly socket: string;
}

/** What the package's installation puts into the directory. */
const ROOT_ENTRY = `dn: ${SUFFIX}
objectClass: top
objectClass: dcObject
objectClass: organization
o: Example
dc: example
`;

const TREE = `${branchesBelow(SUFFIX)}
dn: cn=postern,${SUFFIX}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: `;

/** Starts slapd as Debian's package sets it up for the domain example.org, with nothing in it, and this password for its administrator. */
export async function startFreshSlapd(password: string): Promise<DebianSlapd> {
  const folder = mkdtempSync(join(tmpdir(), "postern-debian-"));
  for (const name of ["slapd.d", "db"]) mkdirSync(join(folder, name));
  const init = readFileSync("/usr/share/slapd/slapd.init.ldif", "utf8")
    .replaceAll("@SUFFIX@", SUFFIX)
    .replaceAll("@PASSWORD@", password)
    .replace("/var/lib/ldap", join(folder, "db"))
    .replaceAll("/var/run/slapd/", `${folder}/`);
  const load = (database: string, ldif: string) =>
    execFileSync("/usr/sbin/slapadd", ["-F", join(folder, "slapd.d"), "-n", database], {
      input: ldif,
      stdio: ["pipe", "ignore", "pipe"],
    });
  load("0", init);
  load("1", ROOT_ENTRY);
  const port = await freePort();
  const url = `ldap://127.0.0.1:${port}`;
  const socket = `ldapi://${encodeURIComponent(join(folder, "ldapi"))}`;
  let child: ChildProcess;
  const run = async () => {
    child = spawn("/usr/sbin/slapd", ["-d", "0", "-F", join(folder, "slapd.d"), "-h", `${url} ${socket}`], {
      stdio: "ignore",
    });
    await listening("127.0.0.1", port);
  };
  const end = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once("exit", resolve));
  };
  await run();
  const admin = ["-x", "-H", url, "-D", `cn=admin,${SUFFIX}`, "-w", password];
  return {
    url,
    port,
    socket,
    ca: "",
    pid: () => child.pid!,
    bind: { dn: `cn=postern,${SUFFIX}`, password },
    ldapsearch: (...args) =>
      execFileSync("ldapsearch", ["-LLL", "-o", "ldif-wrap=no", ...admin, "-b", SUFFIX, ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }),
    ldapmodify: (text) => void execFileSync("ldapmodify", admin, { input: text, stdio: ["pipe", "ignore", "pipe"] }),
    signal: (name) => signalled(child, name),
    kill: end,
    restart: run,
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true });
    },
  };
}

/**
 * Starts slapd as Debian's package sets it up, with branches for people and groups, the account cn=postern, and the configuration LDIF
 * of an example applied as that says.
 */
export async function startDebianSlapd(example: string): Promise<Slapd> {
  const password = "admin-of-the-tests";
  const slapd = await startFreshSlapd(password);
  const stdio = ["pipe", "ignore", "pipe"] as const;
  execFileSync("ldapmodify", ["-Q", "-Y", "EXTERNAL", "-H", slapd.socket, "-f", example], { stdio: [...stdio] });
  // What the example says to add by hand.
  const [, policy = ""] = /<<'END'\n([\s\S]*?)# {3}END/.exec(readFileSync(example, "utf8")) ?? [];
  const input = `${TREE}${password}\n\n${policy.replaceAll(/^# {3}/gm, "")}`;
  execFileSync("ldapadd", ["-x", "-H", slapd.url, "-D", `cn=admin,${SUFFIX}`, "-w", password], {
    input,
    stdio: [...stdio],
  });
  return slapd;
}
