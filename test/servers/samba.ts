import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeAuthority, makeCertificate } from "./certificates.ts";
import { ROOT, startBefore, type TestGateway } from "./gateway.ts";
import { madeOnce, versionOf } from "./made-once.ts";
import { listening } from "./ports.ts";

export const DOMAIN = "DC=corp,DC=example,DC=test";
export const STAFF = `OU=Staff,${DOMAIN}`;
export const GROUPS = `OU=Groups,${DOMAIN}`;
export const ADMIN_PASSWORD = "Passw0rd-of-the-tests";
const ADMIN = `CN=Administrator,CN=Users,${DOMAIN}`;

/** A Samba Active Directory domain controller of its own: a folder, a loopback address, a certificate for it. */
export interface Samba {
  readonly address: string;
  readonly url: string;
  /** The file with the authority that its certificate is from. */
  readonly ca: string;
  readonly bind: { readonly dn: string; readonly password: string };
  /** Runs ldapsearch, as an administrator would; gives the LDIF. */
  readonly ldapsearch: (base: string, ...args: string[]) => string;
  readonly ldapmodify: (ldif: string) => void;
  /** Binds as somebody; throws where that is refused. */
  readonly logOn: (dn: string, password: string) => void;
  readonly sambaTool: (...args: string[]) => string;
  /** Runs Python with Samba's own modules on its database while it is stopped. */
  readonly python: (script: string) => void;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  /** Serves the same database from another address too: a second domain controller whose replication takes no time. */
  readonly another: (options?: { certificateFor?: string }) => Promise<Samba>;
  /** Serves the database as it is now from another address: a domain controller to which nothing is replicated any more. */
  readonly lagging: () => Promise<Samba>;
  readonly stop: () => Promise<void>;
}

let given = Math.floor(Math.random() * 254);
/** A loopback address that no other test run uses: ports of a directory are fixed, 127.0.0.0/8 is wide. */
export const loopback = () => `127.${[process.pid >> 8, process.pid, given++].map((n) => (n % 254) + 1).join(".")}`;

const organization = `dn: ${STAFF}
objectClass: organizationalUnit

dn: OU=Sales,${STAFF}
objectClass: organizationalUnit

dn: OU=Research,${STAFF}
objectClass: organizationalUnit

dn: OU=Leavers,${STAFF}
objectClass: organizationalUnit

dn: OU=Gone,${DOMAIN}
objectClass: organizationalUnit

dn: ${GROUPS}
objectClass: organizationalUnit

dn: OU=Machines,${DOMAIN}
objectClass: organizationalUnit
`;

const dnOf = (domain: string) =>
  domain
    .split(".")
    .map((label) => `DC=${label}`)
    .join(",");

/** Starts a domain's controller, of whose services LDAP is all that is needed. */
export async function startSamba(domain = "corp.example.test"): Promise<Samba> {
  const folder = mkdtempSync(join(tmpdir(), "postern-samba-"));
  const address = loopback();
  const authority = makeAuthority(folder);
  mkdirSync(join(folder, "dc"));
  const asked = provisioning(domain);
  madeOnce(
    [versionOf("samba"), ...asked],
    join(folder, "dc"),
    () =>
      void execFileSync("samba-tool", [...asked, `--targetdir=${folder}/dc`], { stdio: ["ignore", "ignore", "pipe"] }),
  );
  const samba = await serve(folder, "dc", address, authority, undefined, domain);
  const root = dnOf(domain);
  samba.ldapmodify(organization.replaceAll(DOMAIN, root).replace(/^objectClass/gm, "changetype: add\nobjectClass"));
  return { ...samba, stop: async () => samba.stop().finally(() => rmSync(folder, { recursive: true })) };
}

/** How a domain is provisioned. Each controller gets an address of its own when it starts. */
const provisioning = (domain: string): readonly string[] => [
  ...["domain", "provision", `--realm=${domain.toUpperCase()}`, "--domain=CORP", "--server-role=dc"],
  ...["--use-rfc2307", "--dns-backend=NONE", `--adminpass=${ADMIN_PASSWORD}`],
  ...["--host-name=dc1", "--host-ip=127.0.0.1"],
  ...["--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes"],
];

async function serve(
  folder: string,
  data: string,
  address: string,
  ca: string,
  certificateFor?: string,
  domain = "corp.example.test",
): Promise<Samba> {
  const { key, certificate } = makeCertificate(folder, address, certificateFor ?? `IP:${address},DNS:dc1.${domain}`);
  const own = join(folder, address);
  const file = `${own}.conf`;
  for (const each of ["cache", "lock", "pid"]) mkdirSync(join(own, each), { recursive: true });
  const settings: Record<string, string> = {
    "server services": "ldap",
    // What a killed process wrote is kept all the same; only a crash of the machine would lose it.
    "ldb:nosync": "true",
    interfaces: `${address}/8`,
    "tls keyfile": key,
    "tls certfile": certificate,
    "tls cafile": ca,
    "log file": join(own, "log"),
    "pid directory": join(own, "pid"),
    "cache directory": join(own, "cache"),
    "lock directory": join(own, "lock"),
    "private dir": join(folder, data, "private"),
    "state directory": join(folder, data, "state"),
  };
  const settled = readFileSync(join(folder, "dc/etc/smb.conf"), "utf8");
  const kept = settled.split("\n").filter((line) => !Object.keys(settings).includes(line.split("=")[0]!.trim()));
  const lines = Object.entries(settings).map(([name, value]) => `\t${name} = ${value}`);
  writeFileSync(file, kept.join("\n").replace("[global]", ["[global]", ...lines].join("\n")));
  let child: ChildProcess;
  const run = async () => {
    child = spawn("samba", ["-i", "-M", "single", "-s", file], { stdio: "ignore" });
    await listening(address, 636);
  };
  const end = async () => {
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once("exit", resolve));
  };
  await run();
  const url = `ldaps://${address}`;
  const administrator = ADMIN.replace(DOMAIN, dnOf(domain));
  const admin = ["-x", "-H", url, "-D", administrator, "-w", ADMIN_PASSWORD];
  const env = { ...process.env, LDAPTLS_CACERT: ca };
  return {
    address,
    url,
    ca,
    bind: { dn: administrator, password: ADMIN_PASSWORD },
    ldapsearch: (base, ...args) =>
      execFileSync("ldapsearch", ["-LLL", "-o", "ldif-wrap=no", ...admin, "-b", base, ...args], {
        encoding: "utf8",
        env,
        maxBuffer: 1 << 28,
        stdio: ["ignore", "pipe", "pipe"],
      }),
    ldapmodify: (ldif) =>
      void execFileSync("ldapmodify", admin, { input: ldif, env, stdio: ["pipe", "ignore", "pipe"] }),
    logOn: (dn, password) =>
      void execFileSync("ldapsearch", ["-x", "-H", url, "-D", dn, "-w", password, "-s", "base", "-b", ""], {
        env,
        stdio: "pipe",
      }),
    sambaTool: (...args) =>
      execFileSync("samba-tool", [...args, "-s", file, "-H", join(folder, data, "private/sam.ldb")], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }),
    python: (script) =>
      void execFileSync(
        "/usr/bin/python3",
        [
          "-c",
          `import ldb
from samba.samdb import SamDB
from samba.param import LoadParm
from samba.auth import system_session
lp = LoadParm(); lp.load("${file}")
sam = SamDB("${join(folder, data, "private/sam.ldb")}", session_info=system_session(), lp=lp)
${script}`,
        ],
        { stdio: ["ignore", "inherit", "pipe"] },
      ),
    signal: (name) => void child.kill(name),
    kill: end,
    restart: run,
    another: ({ certificateFor } = {}) => serve(folder, data, loopback(), ca, certificateFor, domain),
    lagging: () => {
      const copy = `${data}-${Math.random().toString(36).slice(2)}`;
      cpSync(join(folder, data), join(folder, copy), { recursive: true });
      return serve(folder, copy, loopback(), ca, undefined, domain);
    },
    stop: end,
  };
}

/** The connector's settings for this domain, and the routes of the shipped mappings. */
export function openActiveDirectory(
  samba: Pick<Samba, "url" | "bind" | "ca">,
  root: string,
  { user = {}, group = {}, mappings = {}, ...settings }: OpenOptions = {},
) {
  const { User = join(root, "mappings/ad/user.yaml"), Group = join(root, "mappings/ad/group.yaml") } = mappings;
  return {
    connectors: {
      ad: {
        type: "active-directory",
        urls: [samba.url],
        bind: samba.bind,
        tls: { ca: samba.ca },
        kinds: {
          user: { base: STAFF, filter: "(&(objectCategory=person)(objectClass=user))", ...user },
          group: { base: GROUPS, filter: "(objectCategory=group)", ...group },
        },
        ...settings,
      },
    },
    routes: {
      "/scim/v2": { User: { connector: "ad", mapping: User }, Group: { connector: "ad", mapping: Group } },
    },
  };
}

interface OpenOptions {
  readonly user?: object;
  readonly group?: object;
  readonly mappings?: { readonly User?: string; readonly Group?: string };
  readonly [setting: string]: unknown;
}

/** A Samba domain controller and a gateway in front of it, that go together. */
export async function startActiveDirectoryGateway(): Promise<TestGateway> {
  const samba = await startSamba();
  return startBefore(samba, openActiveDirectory(samba, ROOT));
}
