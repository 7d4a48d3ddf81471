import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT, startBefore, type TestGateway } from "./gateway.ts";
import { freePort } from "./ports.ts";
import type { Slapd } from "./slapd.ts";
import { SUFFIX } from "./slapd.ts";

const ADMIN = "cn=Directory Manager";
const PASSWORD = "admin-of-the-tests";
const SERVICE = `cn=postern,ou=services,${SUFFIX}`;

/** A real 389 Directory Server of its own: an instance that nobody else has, and a port. */
export interface DirectoryServer extends Pick<Slapd, "url" | "bind" | "ldapsearch" | "ldapmodify" | "stop"> {
  readonly admin: { readonly dn: string; readonly password: string };
}

/** What `dscreate` starts and stops the server by, where there is no systemd. */
const SYSTEMCTL = `#!/bin/sh
name=\${2#dirsrv@}
pid=/run/dirsrv/slapd-$name.pid
case $1 in
  start)
    mkdir -p /run/dirsrv
    /usr/sbin/ns-slapd -D /etc/dirsrv/slapd-$name -i $pid
    for n in $(seq 300); do grep -qs "slapd started" /var/log/dirsrv/slapd-$name/errors && exit 0; sleep 0.1; done
    exit 1 ;;
  stop) kill $(cat $pid) ;;
  *) test -e $pid ;;
esac
`;

const tree = `dn: ou=people,${SUFFIX}
changetype: add
objectClass: organizationalUnit
ou: people

dn: ou=groups,${SUFFIX}
changetype: add
objectClass: organizationalUnit
ou: groups

dn: ou=services,${SUFFIX}
changetype: add
objectClass: organizationalUnit
ou: services

dn: ${SERVICE}
changetype: add
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: ${PASSWORD}
`;

/** The rights that the gateway needs below the suffix. */
export const RIGHTS = `dn: ${SUFFIX}
changetype: modify
add: aci
aci: (targetattr="*")(version 3.0; acl "gateway"; allow (all) userdn="ldap:///${SERVICE}";)
`;

/** The plug-ins by which references and versions are kept, which are off at first. */
export const PLUGINS = ["MemberOf Plugin", "referential integrity postoperation", "USN"];

const enabled = (plugin: string) =>
  `dn: cn=${plugin},cn=plugins,cn=config\nchangetype: modify\nreplace: nsslapd-pluginEnabled\nnsslapd-pluginEnabled: on\n`;

/** Starts a 389 Directory Server that holds people, groups and the gateway's account, and has had the LDIF changes given. */
export async function startDirectoryServer(ldif = RIGHTS, plugins = PLUGINS): Promise<DirectoryServer> {
  const folder = mkdtempSync(join(tmpdir(), "postern-389-"));
  const name = folder.replace(/.*postern-389-/, "t");
  const port = await freePort();
  const inf = join(folder, "instance.inf");
  writeFileSync(
    inf,
    `[general]
config_version = 2
systemd = False
selinux = False
strict_host_checking = False
full_machine_name = localhost
[slapd]
instance_name = ${name}
port = ${port}
secure_port = ${await freePort()}
self_sign_cert = False
root_password = ${PASSWORD}
user = root
group = root
[backend-userroot]
suffix = ${SUFFIX}
create_suffix_entry = True
sample_entries = no
`,
  );
  writeFileSync(join(folder, "systemctl"), SYSTEMCTL, { mode: 0o755 });
  execFileSync("dscreate", ["from-file", inf], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}:/usr/sbin` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const url = `ldap://127.0.0.1:${port}`;
  const admin = ["-x", "-H", url, "-D", ADMIN, "-w", PASSWORD];
  const ldapmodify = (text: string) =>
    void execFileSync("ldapmodify", admin, { input: text, stdio: ["pipe", "ignore", "pipe"] });
  const pidFile = `/run/dirsrv/slapd-${name}.pid`;
  const systemctl = (command: string) =>
    execFileSync(join(folder, "systemctl"), [command, `dirsrv@${name}`], { stdio: ["ignore", "ignore", "pipe"] });
  const kill = async () => {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined;
    if (pid) process.kill(pid, "SIGKILL");
    for (let n = 0; pid && n < 200 && existsSync(`/proc/${pid}`); n++) await sleep(20);
    rmSync(`/var/log/dirsrv/slapd-${name}/errors`, { force: true });
  };
  ldapmodify([tree, ...plugins.map(enabled), ldif].filter(Boolean).join("\n"));
  if (plugins.length > 0) {
    systemctl("stop");
    await kill();
    systemctl("start");
  }
  return {
    url,
    bind: { dn: SERVICE, password: PASSWORD },
    admin: { dn: ADMIN, password: PASSWORD },
    ldapsearch: (...args) =>
      execFileSync("ldapsearch", ["-LLL", "-o", "ldif-wrap=no", ...admin, "-b", SUFFIX, ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }),
    ldapmodify,
    stop: async () => {
      await kill();
      for (const place of ["/etc/dirsrv", "/var/lib/dirsrv", "/var/log/dirsrv", "/run/lock/dirsrv"])
        rmSync(join(place, `slapd-${name}`), { recursive: true, force: true });
      for (const file of [pidFile, `/run/slapd-${name}.socket`]) rmSync(file, { force: true });
      rmSync(folder, { recursive: true });
    },
  };
}

/** The connector's settings for this server, and the routes of the shipped mappings. */
export function openDirectoryServer({ url, bind }: Pick<DirectoryServer, "url" | "bind">, root: string) {
  const mapping = (file: string) => join(root, "mappings/389-directory-server", file);
  return {
    connectors: {
      directory: {
        type: "ldap",
        url,
        bind,
        kinds: {
          user: {
            base: `ou=people,${SUFFIX}`,
            filter: "(objectClass=inetOrgPerson)",
            rdn: "uid",
            key: "nsUniqueId",
          },
          group: { base: `ou=groups,${SUFFIX}`, filter: "(objectClass=groupOfNames)", rdn: "cn", key: "nsUniqueId" },
        },
      },
    },
    routes: {
      "/scim/v2": {
        User: { connector: "directory", mapping: mapping("user.yaml") },
        Group: { connector: "directory", mapping: mapping("group.yaml") },
      },
    },
  };
}

/** A 389 Directory Server and a gateway in front of it, that go together. */
export async function startDirectoryServerGateway(): Promise<TestGateway> {
  const server = await startDirectoryServer();
  return startBefore(server, openDirectoryServer(server, ROOT));
}
