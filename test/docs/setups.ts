import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { filesIn } from "../../src/connector/kit/files.ts";
import { openState } from "../../src/state/state.ts";
import { type Database, startHr, startMariaDb, startPostgres } from "../servers/databases.ts";
import { startFreshSlapd } from "../servers/debian-slapd.ts";
import { dsacls } from "../servers/dsacls.ts";
import { ROOT } from "../servers/gateway.ts";
import { freePort } from "../servers/ports.ts";
import { ADMIN_PASSWORD, startSamba } from "../servers/samba.ts";
import { startSlapd } from "../servers/slapd.ts";
import type { Surroundings } from "./shell.ts";

/** What a page has at hand by a set-up that it names. */
export interface Setup extends Partial<Surroundings> {
  /** Files in the page's folder, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** Carries out blocks of a language, such as `sql` and `ldif`, as an administrator of the server would. */
  readonly run?: { readonly language: string; readonly take: (text: string) => void };
  readonly stop?: () => Promise<void>;
}

/** The set-ups that pages name, each given the page's folder. */
export const setups: Readonly<Record<string, (folder: string) => Promise<Setup>>> = {
  /** The files of a clone: examples, mappings, schemas, deploy. */
  clone: async (folder) => {
    for (const name of ["examples", "mappings", "schemas", "deploy", "docker-compose.yaml"])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    return {};
  },

  /** OpenLDAP at ldaps://ldap.example.com with the suffix dc=example,dc=com, people and groups, and the account cn=postern,ou=services. */
  openldap: async () => {
    const tls = { name: "ldap.example.com", port: await freePort() };
    const slapd = await startSlapd(PEOPLE, undefined, undefined, { suffix: "dc=example,dc=com", tls });
    slapd.ldapmodify(GROUPS);
    return {
      env: { LDAP_PASSWORD: slapd.bind.password, NODE_EXTRA_CA_CERTS: slapd.ca, LDAPTLS_REQCERT: "never" },
      hosts: { "ldap.example.com:636": `127.0.0.1:${tls.port}`, "ldap.example.com:389": `127.0.0.1:${slapd.port}` },
      words: {
        "ldaps://ldap.example.com": `ldaps://127.0.0.1:${tls.port}`,
        "ldap://ldap.example.com": `ldap://127.0.0.1:${slapd.port}`,
      },
      run: { language: "ldif", take: slapd.ldapmodify },
      stop: slapd.stop,
    };
  },

  /** OpenLDAP as Debian's package leaves it, at ldap://localhost and for root at ldapi:///, for dc=example,dc=org with the password admin-secret. */
  "debian-slapd": async () => debianSlapd(await startFreshSlapd("admin-secret")),
  /** The same with people and groups. */
  "debian-people": async () => {
    const slapd = await startFreshSlapd("admin-secret");
    const branches = ["people", "groups"].map(
      (ou) => `dn: ou=${ou},dc=example,dc=org\nobjectClass: organizationalUnit\n\n`,
    );
    const entries = `${branches.join("")}${PEOPLE}`.replaceAll("dc=example,dc=com", "dc=example,dc=org");
    slapd.ldapmodify(entries.replaceAll(/^(dn: .*)$/gm, "$1\nchangetype: add"));
    return debianSlapd(slapd);
  },

  /** Active Directory (Samba) at ldaps://dc1.corp.example.com, the domain DC=corp,DC=example,DC=com, Administrator's password in `AD_PASSWORD`. */
  samba: async (folder) => {
    const samba = await startSamba("corp.example.com");
    writeFileSync(join(folder, "ca.pem"), readFileSync(samba.ca));
    return {
      env: { AD_PASSWORD: samba.bind.password, NODE_EXTRA_CA_CERTS: samba.ca, LDAPTLS_REQCERT: "never" },
      hosts: {
        "dc1.corp.example.com:636": `${samba.address}:636`,
        "dc1.corp.example.com:3269": `${samba.address}:3269`,
      },
      words: { "ldaps://dc1.corp.example.com": samba.url },
      run: { language: "ldif", take: samba.ldapmodify },
      stop: samba.stop,
    };
  },

  /** The same domain with the account svc-scim@corp.example.com, which has no rights yet and whose password is in `AD_PASSWORD`; blocks of `bat` are dsacls. */
  "samba-service": async (folder) => {
    const samba = await startSamba("corp.example.com");
    const domain = "DC=corp,DC=example,DC=com";
    const account = `CN=svc-scim,OU=Service,${domain}`;
    const password = Buffer.from(`"${ADMIN_PASSWORD}"`, "utf16le").toString("base64");
    samba.ldapmodify(`dn: OU=Service,${domain}\nchangetype: add\nobjectClass: organizationalUnit\n`);
    samba.ldapmodify(
      `dn: ${account}\nchangetype: add\nobjectClass: user\nsAMAccountName: svc-scim\nuserPrincipalName: svc-scim@corp.example.com\nuserAccountControl: 512\nunicodePwd:: ${password}\n`,
    );
    writeFileSync(join(folder, "corp-ca.pem"), readFileSync(samba.ca));
    return {
      env: { AD_PASSWORD: ADMIN_PASSWORD, LDAPTLS_REQCERT: "never" },
      hosts: { "dc1.corp.example.com:636": `${samba.address}:636` },
      words: { "ldaps://dc1.corp.example.com": samba.url },
      run: { language: "bat", take: (text) => dsacls(samba, account, text) },
      stop: samba.stop,
    };
  },

  /** A SQLite file app.db, empty. */
  sqlite: async (folder) => {
    const database = new DatabaseSync(join(folder, "app.db"));
    return {
      run: { language: "sql", take: (text) => database.exec(text) },
      stop: async () => database.close(),
    };
  },

  /** PostgreSQL at db.example.com with an empty database `hr` of the user `postern`, its password in `DB_PASSWORD`, its authority in db-ca.pem. */
  postgres: async (folder) => database(folder, await startPostgres(NAMES), 5432),
  /** MariaDB at db.example.com, the same. */
  mariadb: async (folder) => database(folder, await startMariaDb(NAMES), 3306),
  /** PostgreSQL with the legacy HR tables. */
  "legacy-hr": async (folder) => database(folder, await startHr("postgres", NAMES), 5432),

  /**
   * A gateway's store in postern-state.db, and one in PostgreSQL at postgres://postern@db.example.com/postern, both with a deletion that the change
   * guard stopped.
   */
  stores: async (folder) => {
    await leaveStopped({ url: `sqlite:${join(folder, "postern-state.db")}` });
    const server = await startPostgres(NAMES);
    const { port, database: name, password } = server.settings;
    const url = `postgres://postern@127.0.0.1:${port}/${name}`;
    await leaveStopped({ url, password: String(password) });
    return {
      env: { PGPASSWORD: String(password) },
      words: { "postgres://postern@db.example.com/postern": url },
      stop: server.stop,
    };
  },

  /** The CSV file drop/employees-2026-11-01.csv of the tutorial. */
  "hr-file": async () => ({ files: { "drop/employees-2026-11-01.csv": EMPLOYEES } }),
};

/** Makes a store, and leaves a stopped deletion in it. */
async function leaveStopped(location: Parameters<typeof openState>[0]): Promise<void> {
  const state = openState(location, filesIn("/"));
  const change = { route: "/scim/v2", type: "User", danger: "deletes", key: "2" } as const;
  await state.guard.reserve(change, { own: 0, both: undefined }, { caller: "entra", requestId: "7d1c" });
  await state.close();
}
const debianSlapd = (slapd: Awaited<ReturnType<typeof startFreshSlapd>>): Setup => ({
  hosts: { "localhost:389": `127.0.0.1:${slapd.port}` },
  words: { "ldap://localhost": slapd.url, "ldapi:///": slapd.socket },
  stop: slapd.stop,
});

const NAMES = "DNS:db.example.com,DNS:localhost,IP:127.0.0.1";

function database(folder: string, server: Database, port: number): Setup {
  writeFileSync(join(folder, "db-ca.pem"), readFileSync(server.ca));
  return {
    env: { DB_PASSWORD: String(server.settings.password) },
    hosts: { [`db.example.com:${port}`]: `127.0.0.1:${server.settings.port}` },
    words: {},
    run: { language: "sql", take: (text) => void server.run(text) },
    stop: server.stop,
  };
}

const EMPLOYEES = `EmployeeID,FirstName,LastName,JobTitle,Department,ManagerID,HireDate,EndDate
1001,Ada,Lovelace,Director,Research,,2019-03-01,
1002,Bjørn,Dahl,Engineer,Research,1001,2021-08-15,
1003,Zoë,Müller,Engineer,Research,1001,2026-12-01,
1004,Carl,Gauß,Engineer,Research,1001,2015-01-01,2024-06-30
`;

const person = (uid: string, given: string, sn: string) => `dn: uid=${uid},ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: ${uid}
cn: ${given} ${sn}
givenName: ${given}
sn: ${sn}
displayName: ${given} ${sn}
mail: ${uid}@example.com
`;

const PEOPLE = `${person("alovelace", "Ada", "Lovelace")}
${person("ghopper", "Grace", "Hopper")}`;
/** Added while the server runs, so that its overlays see it. */
const GROUPS = `dn: cn=engineering,ou=groups,dc=example,dc=com
changetype: add
objectClass: groupOfNames
cn: engineering
member: uid=alovelace,ou=people,dc=example,dc=com
`;

/** Starts what a page names, and writes its files; `stop` ends it all. */
export async function startSetups(
  names: readonly string[],
  folder: string,
): Promise<Setup & Surroundings & { stop: () => Promise<void>; runs: readonly NonNullable<Setup["run"]>[] }> {
  const started: Setup[] = [];
  const stop = async () => {
    for (const each of started.reverse()) await each.stop?.();
  };
  try {
    for (const name of names) {
      const start = setups[name];
      if (!start) throw new Error(`there is no set-up "${name}", only ${Object.keys(setups).join(", ")}`);
      const setup = await start(folder);
      started.push(setup);
      for (const [path, text] of Object.entries(setup.files ?? {})) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const all = <K extends "env" | "hosts" | "words">(key: K) =>
    Object.assign({}, ...started.map((each) => each[key] ?? {}));
  return {
    env: all("env"),
    hosts: all("hosts"),
    words: all("words"),
    runs: started.flatMap(({ run }) => (run ? [run] : [])),
    stop,
  };
}
