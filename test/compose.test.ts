import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Client, send } from "./clients/replay.ts";
import { ROOT } from "./servers/gateway.ts";
import { freePort, listening } from "./servers/ports.ts";

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly read_only?: boolean;
}

/** What the user sets before `docker compose up`. */
const SET = {
  SCIM_TOKEN: "a-token-of-the-compose-test",
  LDAP_PASSWORD: "of-cn-postern",
  LDAP_ADMIN_PASSWORD: "of-the-administrator",
};

const text = readFileSync(join(ROOT, "docker-compose.yaml"), "utf8");
const { services, volumes } = parse(
  text.replaceAll(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => SET[name as keyof typeof SET]),
) as { services: { postern: Service; openldap: Service }; volumes: object };
/** The files of this machine that a service mounts, by where it sees them. */
const mounted = ({ volumes: all }: Service) =>
  new Map(
    all
      .map((each) => each.split(":"))
      .flatMap(([from = "", to = ""]) => (from.startsWith(".") ? [[to, join(ROOT, from)]] : [])),
  );

describe("docker-compose.yaml, brought up without an engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-compose-"));
  const running: ChildProcess[] = [];
  let gateway: Client;
  afterAll(async () => {
    for (const each of running) {
      each.kill("SIGKILL");
      if (each.exitCode === null) await new Promise((resolve) => each.once("exit", resolve));
    }
    rmSync(folder, { recursive: true });
  });

  beforeAll(async () => {
    const ldap = await freePort();
    await startOpenLdap(ldap);
    const [, config = ""] =
      [...mounted(services.postern)].find(([to]) => to === "/etc/postern/gateway.config.yaml") ?? [];
    const state = services.postern.volumes.find((each) => each.startsWith("state:"))!.split(":")[1]!;
    mkdirSync(join(folder, "state"));
    const here = join(folder, "gateway.config.yaml");
    writeFileSync(
      here,
      readFileSync(config, "utf8")
        .replace("//openldap:389", `//127.0.0.1:${ldap}`)
        .replace(state, join(folder, "state")),
    );
    const port = await freePort();
    const args = [join(ROOT, "src/main.ts"), "serve", "--config", here, "--port", String(port), "--host", "127.0.0.1"];
    const env = { PATH: process.env.PATH, ...services.postern.environment };
    running.push(spawn(process.execPath, args, { env, stdio: "ignore" }));
    await listening("127.0.0.1", port);
    gateway = { base: `http://127.0.0.1:${port}/scim/v2`, token: SET.SCIM_TOKEN };
  });

  /** OpenLDAP as the image of the file makes it: a database for the domain, its read-only user, and the LDIFs in their order. */
  async function startOpenLdap(port: number): Promise<void> {
    const { environment } = services.openldap;
    const suffix = environment.LDAP_DOMAIN!.replace(/^|\./g, (dot) => `${dot && ","}dc=`);
    const admin = `cn=admin,${suffix}`;
    for (const each of ["db", "slapd.d"]) mkdirSync(join(folder, each));
    const conf = join(folder, "slapd.conf");
    const schemas = ["core", "cosine", "nis", "inetorgperson"].map((name) => `include /etc/ldap/schema/${name}.schema`);
    writeFileSync(
      conf,
      `${schemas.join("\n")}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
database config
rootdn cn=admin,cn=config
rootpw ${environment.LDAP_ADMIN_PASSWORD}
database mdb
suffix "${suffix}"
rootdn "${admin}"
rootpw ${environment.LDAP_ADMIN_PASSWORD}
directory ${join(folder, "db")}
overlay memberof
overlay refint
refint_attributes member memberOf manager
refint_nothing cn=nobody
overlay ppolicy
`,
    );
    const user = environment.LDAP_READONLY_USER_USERNAME;
    const base = `dn: ${suffix}
objectClass: dcObject
objectClass: organization
dc: ${environment.LDAP_DOMAIN!.split(".")[0]}
o: ${environment.LDAP_ORGANISATION}

dn: cn=${user},${suffix}
objectClass: simpleSecurityObject
objectClass: organizationalRole
cn: ${user}
userPassword: ${environment.LDAP_READONLY_USER_PASSWORD}
`;
    // The database is there before the configuration is converted, which opens it.
    execFileSync("/usr/sbin/slapadd", ["-q", "-f", conf, "-b", suffix], {
      input: base,
      stdio: ["pipe", "ignore", "pipe"],
    });
    const converted = spawnSync("/usr/sbin/slaptest", ["-f", conf, "-F", join(folder, "slapd.d")], {
      encoding: "utf8",
    });
    expect(converted.status, converted.stderr).toBe(0);
    const url = `ldap://127.0.0.1:${port}`;
    running.push(spawn("/usr/sbin/slapd", ["-d", "0", "-F", join(folder, "slapd.d"), "-h", url], { stdio: "ignore" }));
    await listening("127.0.0.1", port);
    const modify = (dn: string, ldif: string) => {
      const args = ["-x", "-H", url, "-D", dn, "-w", environment.LDAP_ADMIN_PASSWORD!];
      const added = /^changetype:/m.test(ldif) ? args : [...args, "-a"];
      const { status, stderr } = spawnSync("ldapmodify", added, { input: ldif, encoding: "utf8" });
      expect(status, stderr).toBe(0);
    };
    for (const [, file] of [...mounted(services.openldap)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const ldif = readFileSync(file, "utf8");
      modify(/cn=config$/m.test(ldif) ? "cn=admin,cn=config" : admin, ldif);
    }
  }

  test("mounts files that are there, and volumes that it names", () => {
    for (const service of Object.values(services))
      for (const [, file] of mounted(service)) expect(existsSync(file), file).toBe(true);
    expect(Object.keys(volumes)).toEqual(["state"]);
  });

  test("publishes the port that the gateway listens on, to this machine alone", () => {
    const [, file = ""] = [...mounted(services.postern)][0]!;
    const { server, connectors } = parse(readFileSync(file, "utf8"));
    expect(services.postern.ports).toEqual([`127.0.0.1:8880:${server.port}`]);
    expect(new URL(connectors.directory.url).hostname in services).toBe(true);
    expect(services.openldap).not.toHaveProperty("ports");
    expect(services.postern.networks.some((each) => services.openldap.networks.includes(each))).toBe(true);
  });

  test("asks for each secret that it needs", () => {
    const wanted = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    expect(wanted.sort()).toEqual(Object.keys(SET).sort());
  });

  test("creates a person, a group with that person in it, and deletes both", async () => {
    const ann = await send(gateway, "POST", "/Users", {
      userName: "ann",
      displayName: "Ann",
      name: { familyName: "A" },
    });
    expect(ann.status, ann.text).toBe(201);
    const crew = await send(gateway, "POST", "/Groups", { displayName: "crew", members: [{ value: ann.json.id }] });
    expect(crew.status, crew.text).toBe(201);
    const found = await send(gateway, "GET", '/Users?filter=userName eq "ann"');
    expect(found.json.Resources[0].groups).toMatchObject([{ value: crew.json.id }]);
    expect((await send(gateway, "DELETE", `/Groups/${crew.json.id}`)).status).toBe(204);
    expect((await send(gateway, "DELETE", `/Users/${ann.json.id}`)).status).toBe(204);
  });
});
