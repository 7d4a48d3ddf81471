import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { treeBelow } from "../../demo/tree.ts";
import { makeAuthority, makeCertificate } from "./certificates.ts";
import { ROOT, startBefore, type TestGateway } from "./gateway.ts";
import { freePort, listening } from "./ports.ts";

export const SUFFIX = "dc=example,dc=test";
const ADMIN = `cn=admin,${SUFFIX}`;
const PASSWORD = "admin-of-the-tests";

/** A real slapd of its own: a folder, a port, and the overlays that a directory in use has. */
export interface Slapd {
  readonly url: string;
  readonly port: number;
  /** The file with the authority that its certificate is from, where it speaks TLS. */
  readonly ca: string;
  readonly pid: () => number;
  readonly bind: { readonly dn: string; readonly password: string };
  /** Runs ldapsearch, as an administrator would; gives the LDIF. */
  readonly ldapsearch: (...args: string[]) => string;
  readonly ldapmodify: (ldif: string) => void;
  /** Sends a signal, SIGSTOP to hang it. */
  readonly signal: (name: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Who may do what, where a test does not say. */
const ACCESS = [
  `to attrs=userPassword by dn.exact="cn=postern,ou=services,${SUFFIX}" write by anonymous auth by * none`,
  `to dn.subtree="${SUFFIX}" by dn.exact="cn=postern,ou=services,${SUFFIX}" write by * none`,
  "to * by * read",
];

/** The overlays of a directory in use. */
const OVERLAYS = `overlay memberof
memberof-refint TRUE
overlay refint
refint_attributes member memberOf manager
refint_nothing cn=nobody
overlay ppolicy
`;

const config = (folder: string, access: readonly string[], overlays: string) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
pidfile ${folder}/slapd.pid
sizelimit 500
threads 4
database mdb
suffix "${SUFFIX}"
rootdn "${ADMIN}"
rootpw ${PASSWORD}
directory ${folder}/db
maxsize 8589934592
dbnosync
index objectClass,entryUUID,uid,cn,mail,member,memberOf,manager,businessCategory eq
index displayName,sn eq,sub
limits dn.exact="cn=postern,ou=services,${SUFFIX}" size=unlimited
${access.map((rule) => `access ${rule}`).join("\n")}
${overlays}`;

const services = `dn: ou=services,${SUFFIX}
objectClass: organizationalUnit
ou: services

dn: cn=postern,ou=services,${SUFFIX}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: ${PASSWORD}
`;

function tlsSettings(folder: string, name: string): string {
  makeAuthority(folder);
  const { certificate, key } = makeCertificate(folder, "server", `DNS:${name},IP:127.0.0.1`);
  return `TLSCertificateFile ${certificate}\nTLSCertificateKeyFile ${key}\n`;
}

/** Another suffix than `SUFFIX`, and TLS under a name. */
interface Elsewhere {
  readonly suffix: string;
  readonly tls: { readonly name: string; readonly port: number };
}

/** Starts a slapd that holds the tree above and, after it, the LDIF given. */
export async function startSlapd(
  ldif = "",
  access: readonly string[] = ACCESS,
  overlays = OVERLAYS,
  elsewhere?: Elsewhere,
): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), "postern-slapd-"));
  mkdirSync(join(folder, "db"));
  const file = join(folder, "slapd.conf");
  const { suffix = SUFFIX, tls } = elsewhere ?? {};
  const placed = (text: string) => text.replaceAll(SUFFIX, suffix);
  writeFileSync(file, placed(`${tls ? tlsSettings(folder, tls.name) : ""}${config(folder, access, overlays)}`));
  writeFileSync(join(folder, "tree.ldif"), `${treeBelow(suffix)}\n${placed(`${services}\n${ldif}`)}`);
  execFileSync("/usr/sbin/slapadd", ["-q", "-f", file, "-l", join(folder, "tree.ldif")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const port = await freePort();
  const url = `ldap://127.0.0.1:${port}`;
  let child: ChildProcess;
  const run = async () => {
    const urls = tls ? `${url} ldaps://127.0.0.1:${tls.port}` : url;
    child = spawn("/usr/sbin/slapd", ["-d", "0", "-f", file, "-h", urls], { stdio: "ignore" });
    await listening("127.0.0.1", port);
  };
  const end = async () => {
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once("exit", resolve));
  };
  await run();
  const admin = ["-x", "-H", url, "-D", placed(ADMIN), "-w", PASSWORD];
  return {
    url,
    port,
    ca: join(folder, "ca.pem"),
    pid: () => child.pid!,
    bind: { dn: `cn=postern,ou=services,${suffix}`, password: PASSWORD },
    ldapsearch: (...args) =>
      execFileSync("ldapsearch", ["-LLL", "-o", "ldif-wrap=no", ...admin, "-b", suffix, ...args], {
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

/** Sends a signal; a process that is to stop has stopped behind it, with each of its threads. */
export function signalled(child: ChildProcess, name: NodeJS.Signals): void {
  child.kill(name);
  if (name !== "SIGSTOP") return;
  const tasks = `/proc/${child.pid}/task`;
  const isStopped = (task: string) => / T /.test(readFileSync(join(tasks, task, "stat"), "utf8"));
  for (const until = Date.now() + 5000; Date.now() < until && !readdirSync(tasks).every(isStopped); );
}

/** The connector's settings for this server, and the routes of the shipped mappings. */
export function openLdap(slapd: Pick<Slapd, "url" | "bind">, root: string) {
  return {
    connectors: {
      directory: {
        type: "ldap",
        url: slapd.url,
        bind: slapd.bind,
        kinds: {
          user: { base: `ou=people,${SUFFIX}`, filter: "(objectClass=inetOrgPerson)", rdn: "uid" },
          group: {
            base: `ou=groups,${SUFFIX}`,
            filter: "(objectClass=groupOfNames)",
            rdn: "cn",
            placeholder: { attr: "member", value: "cn=nobody" },
          },
        },
      },
    },
    routes: {
      "/scim/v2": {
        User: { connector: "directory", mapping: join(root, "mappings/openldap/user.yaml") },
        Group: { connector: "directory", mapping: join(root, "mappings/openldap/group.yaml") },
      },
    },
  };
}

/** A slapd and a gateway in front of it, that go together. */
export async function startOpenLdapGateway(): Promise<TestGateway> {
  const slapd = await startSlapd();
  return startBefore(slapd, openLdap(slapd, ROOT));
}
