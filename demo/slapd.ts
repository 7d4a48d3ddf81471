import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopped, waitFor } from "./process.ts";
import { treeBelow } from "./tree.ts";

/** Where the company's entries are. */
export const SUFFIX = "dc=example,dc=org";
/** The directory's administrator, who fills it. */
export const ADMIN = `cn=admin,${SUFFIX}`;

const SLAPD = "/usr/sbin/slapd";
const SCHEMAS = "/etc/ldap/schema";

/** A directory server of the demo's own. */
export interface Slapd {
  readonly stop: () => Promise<void>;
}

/** Reports whether OpenLDAP's server is installed, where Debian and Ubuntu have it. */
export const isSlapdInstalled = (): boolean => existsSync(SLAPD) && existsSync(SCHEMAS);

/** Starts a slapd with its data in a folder and nobody in it. `password` is that of its administrator and of the gateway's account. */
export async function startSlapd(folder: string, port: number, password: string): Promise<Slapd> {
  mkdirSync(join(folder, "directory"), { recursive: true });
  const conf = join(folder, "slapd.conf");
  writeFileSync(conf, configuration(folder, password), { mode: 0o600 });
  execFileSync("/usr/sbin/slapadd", ["-q", "-f", conf, "-b", SUFFIX], {
    input: tree(password),
    stdio: ["pipe", "ignore", "pipe"],
  });
  // In a process group of its own, so that Ctrl-C ends the gateway before its directory.
  const args = ["-d", "0", "-f", conf, "-h", `ldap://127.0.0.1:${port}`];
  const child = spawn(SLAPD, args, { stdio: "ignore", detached: true });
  await waitFor(`slapd at port ${port}`, child, { port });
  return { stop: () => stopped(child) };
}

const configuration = (folder: string, password: string) => `
include ${SCHEMAS}/core.schema
include ${SCHEMAS}/cosine.schema
include ${SCHEMAS}/nis.schema
include ${SCHEMAS}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
threads 4
database config
access to * by dn.exact="cn=postern,${SUFFIX}" read by * none
database mdb
suffix "${SUFFIX}"
rootdn "${ADMIN}"
rootpw ${password}
directory ${folder}/directory
maxsize 268435456
dbnosync
index objectClass,entryUUID,uid,cn,mail,member,memberOf,manager,businessCategory eq
limits dn.exact="cn=postern,${SUFFIX}" size=unlimited
access to attrs=userPassword by dn.exact="cn=postern,${SUFFIX}" =w by anonymous auth by * none
access to dn.children="ou=people,${SUFFIX}" by dn.exact="cn=postern,${SUFFIX}" write by * none
access to dn.children="ou=groups,${SUFFIX}" by dn.exact="cn=postern,${SUFFIX}" write by * none
access to * by dn.exact="cn=postern,${SUFFIX}" write by * none
overlay memberof
memberof-refint TRUE
overlay refint
refint_attributes member memberOf manager
refint_nothing cn=nobody
overlay ppolicy
ppolicy_default cn=policy,${SUFFIX}
ppolicy_hash_cleartext
`;

const tree = (password: string) => `${treeBelow(SUFFIX)}
dn: cn=postern,${SUFFIX}
objectClass: simpleSecurityObject
objectClass: organizationalRole
cn: postern
userPassword: ${password}

dn: cn=policy,${SUFFIX}
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 0
`;
