import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { startMariaDb } from "./servers/databases.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { isOfGroups, lifecycleWithGaps } from "./suites/lifecycle.ts";

// The tables are the applications' own, out of their packages, or made by their migrations.

interface Application {
  readonly start: () => Promise<Started>;
  /** What `postern init sql` finds by itself. */
  readonly found: readonly (string | RegExp)[];
  /** The connector's kinds. */
  readonly kinds: object;
  readonly user: object;
  /** What a group is there; undefined where it has no table of its own. */
  readonly group?: object;
  /** What the model has beside names. */
  readonly has: readonly ("names" | "mail" | "active" | "password" | "roles")[];
  /** Steps of Entra's that expect something for which these tables have no place, beside those for which none of them has. */
  readonly gaps: readonly string[];
  /** Rows that say what becomes of a user, as `select` prints them. */
  readonly look: string;
}

interface Started {
  readonly settings: object;
  readonly run: (script: string) => string;
  readonly stop: () => Promise<void>;
}

/** What none of the applications keeps: phone numbers, titles, departments and managers. */
const GAPS = ["read", "is the manager set?", "see it all", "see that too"];

const textOf = (name: string, script = "*.sql"): string => {
  const [file] = globSync(`.cache/applications/${name}/**/${script}`, { cwd: ROOT });
  if (file === undefined) throw new Error(`the tables of ${name} are not there: npm test fetches them`);
  const bytes = readFileSync(join(ROOT, file));
  return file.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString();
};

const onMariaDb = (script: () => string) => async (): Promise<Started> => {
  const database = await startMariaDb();
  database.run(script());
  return { settings: database.settings, run: database.run, stop: database.stop };
};

async function startDjango(): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), "postern-django-"));
  const file = join(folder, "django.db");
  const program = `
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ${JSON.stringify(file)}}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
`;
  execFileSync(join(ROOT, ".cache/probes/bin/python"), ["-c", program], { stdio: ["ignore", "ignore", "inherit"] });
  const run = (script: string) => {
    const database = new DatabaseSync(file);
    try {
      if (!/^\s*select/i.test(script)) return String(database.exec(script) ?? "");
      const rows = database.prepare(script.replace(/;\s*$/, "")).all();
      return rows.map((row) => Object.values(row).join("\t")).join("\n");
    } finally {
      database.close();
    }
  };
  const stop = async () => rmSync(folder, { recursive: true });
  return { settings: { dialect: "sqlite", file }, run, stop };
}

/** A number as Zabbix counts them itself, without an auto_increment. */
const next = (table: string, column: string) => ({
  sql: `(select coalesce(max(of_all.${column}), 0) + 1 from ${table} as of_all)`,
});

const applications: Record<string, Application> = {
  "MediaWiki 1.39": {
    start: onMariaDb(() => textOf("mediawiki")),
    found: [
      "table: user\n",
      "text: [ user_name, user_real_name, user_password ]",
      "userName: user_name",
      "displayName: user_real_name",
      "user_email",
    ],
    kinds: {
      user: {
        table: "user",
        key: { column: "user_id" },
        text: ["user_name", "user_real_name", "user_password", "user_newpassword", "user_touched"],
        lists: { groups: { table: "user_groups", owner: "ug_user", value: "ug_group", text: ["ug_group"] } },
      },
    },
    user: {
      attributes: {
        id: { attr: "user_id", as: "string", readOnly: true },
        userName: "user_name",
        displayName: "user_real_name",
        'emails[type eq "work"].value': { attr: "user_email", primary: true },
        "roles.value": { attr: "groups", many: true },
      },
      create: { user_password: '"!"', user_newpassword: '"!"', user_touched: '"20260101000000"' },
    },
    has: ["mail", "roles"],
    gaps: ["create a user", "disabled but there", "enabled", "is it a member?", "same id under the new name"],
    look: "select convert(user_name using utf8mb4), convert(user_real_name using utf8mb4), user_email from user order by 1;",
  },
  "Zabbix 6.0": {
    start: onMariaDb(
      () => `${textOf("zabbix-server-mysql", "schema.sql.gz")}
        insert into role (roleid, name, type) values (1, 'User role', 1);
        insert into media_type (mediatypeid, type, name, script, description) values (1, 0, 'Email', '', '');`,
    ),
    found: [
      "table: users\n",
      "table: usrgrp\n",
      "usrgrpids: { table: users_groups, owner: userid, value: usrgrpid }",
      "userName: username",
      "name.familyName: surname",
      /nothing makes the key "userid"/,
      /"roleid": map it/,
    ],
    kinds: {
      user: {
        table: "users",
        key: { column: "userid", generate: next("users", "userid") },
        lists: {
          mails: {
            table: "media",
            owner: "userid",
            value: "sendto",
            where: { mediatypeid: 1 },
            set: { mediaid: next("media", "mediaid") },
          },
        },
      },
      group: {
        table: "usrgrp",
        key: { column: "usrgrpid", generate: next("usrgrp", "usrgrpid") },
        lists: {
          users: {
            table: "users_groups",
            owner: "usrgrpid",
            value: "userid",
            set: { id: next("users_groups", "id") },
          },
        },
      },
    },
    user: {
      attributes: {
        id: { attr: "userid", as: "string", readOnly: true },
        userName: "username",
        "name.givenName": "name",
        "name.familyName": "surname",
        'emails[type eq "work"].value': "mails",
      },
      create: { roleid: '"1"', passwd: '"!"' },
    },
    group: {
      attributes: {
        id: { attr: "usrgrpid", as: "string", readOnly: true },
        displayName: "name",
        members: { attr: "users", ref: "User", many: true },
      },
    },
    has: ["names", "mail"],
    gaps: ["create a user", "disabled but there", "enabled"],
    look: "select u.username, u.name, u.surname, m.sendto, m.severity from users u left join media m on m.userid = u.userid order by 1, 4;",
  },
  "Redmine 5.0": {
    start: onMariaDb(() => readFileSync(join(ROOT, "test/tables/redmine.sql"), "utf8")),
    found: [
      "table: users\n",
      "userName: login",
      "name.givenName: firstname",
      "name.familyName: lastname",
      "{ table: email_addresses, owner: user_id, value: address",
    ],
    kinds: {
      user: {
        table: "users",
        where: { type: "User" },
        updatedBy: { updated_on: { sql: "utc_timestamp()" } },
        lists: {
          mails: {
            table: "email_addresses",
            owner: "user_id",
            value: "address",
            where: { is_default: 1 },
            set: { created_on: { sql: "utc_timestamp()" }, updated_on: { sql: "utc_timestamp()" } },
          },
        },
      },
      group: {
        table: "users",
        where: { type: "Group" },
        lists: { users: { table: "groups_users", owner: "group_id", value: "user_id", of: "user" } },
      },
    },
    user: {
      attributes: {
        id: { attr: "id", as: "string", readOnly: true },
        userName: "login",
        "name.givenName": "firstname",
        "name.familyName": "lastname",
        'emails[type eq "work"].value': "mails",
        active: { attr: "status", as: { values: { true: 1, false: 3 } } },
      },
      create: { status: "1", created_on: "$now()", mail_notification: '"only_my_events"' },
    },
    group: {
      attributes: {
        id: { attr: "id", as: "string", readOnly: true },
        displayName: { attr: "lastname", unique: true },
        members: { attr: "users", ref: "User", many: true },
      },
    },
    has: ["names", "mail", "active"],
    gaps: [],
    look: "select u.login, u.firstname, u.lastname, u.status, m.address, m.is_default from users u left join email_addresses m on m.user_id = u.id where u.type = 'User' order by 1, 5;",
  },
  "Icinga Web 2.11": {
    start: onMariaDb(() => textOf("icingaweb2")),
    found: [
      "table: icingaweb_user\n",
      "table: icingaweb_group\n",
      "usernames: { table: icingaweb_group_membership, owner: group_id, value: username }",
      "key: { column: name, type: text }",
      "text: [ password_hash ]",
      "userName: name",
      "active: { attr: active, as: boolean }",
    ],
    kinds: {
      user: { table: "icingaweb_user", key: { column: "name", type: "text" }, text: ["password_hash"] },
      group: {
        table: "icingaweb_group",
        lists: { members: { table: "icingaweb_group_membership", owner: "group_id", value: "username" } },
      },
    },
    user: {
      attributes: {
        id: { attr: "name", readOnly: true },
        userName: "name",
        active: { attr: "active", as: "boolean" },
        password: { writeOnly: true, write: { password_hash: "$bcrypt(password)" } },
      },
      create: { active: '"1"', password_hash: '"!"' },
    },
    group: {
      attributes: {
        id: { attr: "id", as: "string", readOnly: true },
        displayName: "name",
        members: { attr: "members", ref: "User", many: true },
      },
    },
    has: ["active", "password"],
    gaps: ["create a user", "match by work mail", "rename the user", "same id after the rename"],
    look: "select name, active, left(convert(password_hash using utf8mb4), 4) from icingaweb_user order by 1;",
  },
  "Django 5": {
    start: startDjango,
    found: [
      "table: auth_user\n",
      "table: auth_group\n",
      "{ table: auth_user_groups, owner: user_id, value: group_id }",
      "userName: username",
      "name.givenName: first_name",
      "active: { attr: is_active, as: boolean }",
    ],
    kinds: {
      user: { table: "auth_user" },
      group: {
        table: "auth_group",
        lists: { users: { table: "auth_user_groups", owner: "group_id", value: "user_id" } },
      },
    },
    user: {
      attributes: {
        id: { attr: "id", as: "string", readOnly: true },
        userName: "username",
        "name.givenName": "first_name",
        "name.familyName": "last_name",
        'emails[type eq "work"].value': { attr: "email", primary: true },
        active: { attr: "is_active", as: "boolean" },
      },
      create: { password: '"!"', is_superuser: "0", is_staff: "0", is_active: "1", date_joined: "$now()" },
    },
    group: {
      attributes: {
        id: { attr: "id", as: "string", readOnly: true },
        displayName: "name",
        members: { attr: "users", ref: "User", many: true },
      },
    },
    has: ["names", "mail", "active"],
    gaps: [],
    look: "select username, first_name, last_name, email, is_active from auth_user order by 1;",
  },
};

describe.each(Object.entries(applications))("a user's life in the tables of %s", (_, application) => {
  const folder = mkdtempSync(join(tmpdir(), "postern-application-"));
  const has = (what: Application["has"][number]) => application.has.includes(what);
  let started: Started;
  let gateway: TestGateway;
  let user: string;
  let other: string;
  let group: string;

  beforeAll(async () => {
    started = await application.start();
    const mapping = (resource: string, kind: string, of: object) => {
      const file = join(folder, `${kind}.yaml`);
      writeFileSync(file, stringify({ resource, kind, ...of }));
      return { connector: "application", mapping: file, patchResponse: "resource" };
    };
    gateway = await startGateway({
      connectors: { application: { type: "sql", ...started.settings, kinds: application.kinds } },
      routes: {
        "/scim/v2": {
          User: mapping("User", "user", application.user),
          ...(application.group && { Group: mapping("Group", "group", application.group) }),
        },
      },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await started?.stop();
    rmSync(folder, { recursive: true });
  });

  const ask = async (method: string, path: string, body?: object, wanted = 200) => {
    const { status, json, text } = await send(gateway, method, encodeURI(path), body);
    expect(status, `${method} ${path}: ${text}`).toBe(wanted);
    return json;
  };
  const patch = (path: string, ...Operations: object[]) => ask("PATCH", path, { Operations });
  const rows = () => started.run(application.look).trim().split("\n");
  const person = (userName: string) => ({
    userName,
    ...(has("password") && { password: "correct-Horse-1" }),
    ...(has("mail") && { emails: [{ type: "work", value: `${userName}@example.com` }] }),
    ...(has("names") && { name: { givenName: "Ola" } }),
    ...(has("active") && { active: true }),
  });

  test("is guessed by init, as far as tables tell", () => {
    const out = join(folder, "drafted");
    const settings = started.settings as Readonly<Record<string, unknown>>;
    const named = ["dialect", "file", "host", "port", "database", "user"].flatMap((name) =>
      settings[name] === undefined ? [] : [`--${name}`, String(settings[name])],
    );
    const env = { ...process.env, DB_PASSWORD: String(settings.password ?? "") };
    execFileSync(process.execPath, [join(ROOT, "src/main.ts"), "init", "sql", ...named, "--out", out], {
      env,
      stdio: "pipe",
    });
    const drafted = ["gateway.config.yaml", "mappings/user.yaml"].map((file) => readFileSync(join(out, file), "utf8"));
    for (const each of application.found)
      expect(drafted.join("\n")).toSatisfy(
        (text: string) => (typeof each === "string" ? text.includes(each) : each.test(text)),
        String(each),
      );
  });

  test("is made, with no more than a name where that is all, found in any case, and made once", async () => {
    user = (await ask("POST", "/Users", person("ola"), 201)).id;
    other = (await ask("POST", "/Users", { userName: "kari" }, 201)).id;
    expect(user).not.toBe(other);
    for (const name of ["ola", "OLA"]) {
      const { Resources } = await ask("GET", `/Users?filter=userName eq "${name}"`);
      expect(Resources.map(({ id }: { id: string }) => id)).toEqual([user]);
    }
    await ask("POST", "/Users", person("Ola"), 409);
    expect(rows()).toHaveLength(2);
    expect(rows()).toMatchSnapshot();
  });

  test("is changed, and each change may come again", async () => {
    for (let turn = 0; turn < 2; turn++) {
      if (has("names")) {
        const { name } = await patch(`/Users/${user}`, { op: "replace", path: "name.familyName", value: "Nordmann" });
        expect(name.familyName).toBe("Nordmann");
        expect(
          (await patch(`/Users/${user}`, { op: "remove", path: "name.givenName" })).name.givenName,
        ).toBeUndefined();
      }
      if (has("mail")) {
        const path = 'emails[type eq "work"].value';
        const { emails } = await patch(`/Users/${user}`, { op: "replace", path, value: "ola.n@example.com" });
        expect(emails[0].value).toBe("ola.n@example.com");
      }
      if (has("active"))
        expect((await patch(`/Users/${user}`, { op: "replace", path: "active", value: "False" })).active).toBe(false);
      if (has("roles")) {
        const roles = [{ value: "sysop" }, { value: "bureaucrat" }];
        const changed = await patch(`/Users/${user}`, { op: "add", path: "roles", value: roles });
        expect(changed.roles.map(({ value }: { value: string }) => value).sort()).toEqual(["bureaucrat", "sysop"]);
      }
    }
    expect(rows()).toMatchSnapshot();
    const { Resources } = await ask("GET", `/Users?filter=userName eq "ola"&attributes=userName`);
    expect(Resources).toMatchObject([{ id: user, userName: "ola" }]);
  });

  test.skipIf(!application.group)("joins groups, several at once, and leaves them", async () => {
    group = (await ask("POST", "/Groups", { displayName: "Admins", members: [{ value: user }, { value: other }] }, 201))
      .id;
    const members = async () =>
      ((await ask("GET", `/Groups/${group}`)).members ?? []).map(({ value }: { value: string }) => value).sort();
    expect(await members()).toEqual([user, other].sort());
    await patch(`/Groups/${group}`, { op: "remove", path: `members[value eq "${other}"]` });
    await patch(`/Groups/${group}`, { op: "add", path: "members", value: [{ value: user }, { value: other }] });
    expect(await members()).toEqual([user, other].sort());
    const found = await ask("GET", `/Groups?filter=members eq "${user}"&attributes=displayName`);
    expect(found.Resources).toMatchObject([{ displayName: "Admins" }]);
    await ask("POST", "/Groups", { displayName: "Admins" }, 409);
  });

  test("is deleted with all that is his, so that whoever comes after him under his name has nothing of it", async () => {
    await ask("DELETE", `/Users/${user}`, undefined, 204);
    await ask("GET", `/Users/${user}`, undefined, 404);
    const { id } = await ask("POST", "/Users", { userName: "ola" }, 201);
    const again = await ask("GET", `/Users/${id}`);
    expect([again.roles, again.emails]).toEqual([undefined, undefined]);
    if (application.group) {
      const { members = [] } = await ask("GET", `/Groups/${group}`);
      expect(members.map(({ value }: { value: string }) => value)).toEqual([other]);
      await ask("DELETE", `/Groups/${group}`, undefined, 204);
      const made = await ask("POST", "/Groups", { displayName: "Admins" }, 201);
      expect((await ask("GET", `/Groups/${made.id}`)).members).toBeUndefined();
    }
    expect(rows()).toMatchSnapshot();
  });

  lifecycleWithGaps(
    "the tables reach",
    () => gateway,
    (step) => [...GAPS, ...application.gaps].includes(step.name) || (!application.group && isOfGroups(step)),
  );
});
