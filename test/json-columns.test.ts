import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import type { TestGateway } from "./servers/gateway.ts";
import { startTables } from "./servers/tables.ts";
import { type AnyDatabase, startDatabase } from "./servers/users-roles.ts";

type Json = Record<string, unknown>;

const columns = [
  ["sqlite", "text"],
  ["postgres", "jsonb"],
  ["postgres", "json"],
  ["postgres", "text"],
  ["mysql", "json"],
  ["mysql", "longtext"],
] as const;

const kinds = {
  user: {
    table: "account",
    key: { column: "id", generate: "database" },
    json: ["profile", "mails"],
    updatedBy: { version: { sql: "version + 1" } },
  },
};
const attributes = {
  id: { attr: "id", readOnly: true },
  "meta.version": { attr: "version", readOnly: true },
  userName: "login",
  displayName: "profile.name",
  active: { attr: "profile.flags.enabled" },
  "phoneNumbers.value": { attr: "profile.contact.phones", many: true },
  title: "profile.contact.title",
  "emails.value": { attr: "mails", many: true },
};

describe.each(columns)("attributes in a column of JSON, on %s as %s", (dialect, type) => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startDatabase(dialect);
    const id = {
      sqlite: "integer primary key",
      postgres: "serial primary key",
      mysql: "int auto_increment primary key",
    };
    database.run(
      `create table account (id ${id[dialect]}, login varchar(50) not null, profile ${type} not null, mails ${type}, version int not null default 1);`,
    );
    gateway = await startTables(database, kinds, { User: { kind: "user", attributes } });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await database?.stop();
  });

  /** A text as a literal of the database, whatever is in it. */
  const literal = (text: string) => {
    const hex = Buffer.from(text, "utf8").toString("hex");
    if (dialect === "sqlite") return `cast(x'${hex}' as text)`;
    if (dialect === "mysql") return `convert(x'${hex}' using utf8mb4)`;
    return `convert_from(decode('${hex}', 'hex'), 'utf8')${type === "text" ? "" : `::${type}`}`;
  };
  const hold = (id: string, document: string) =>
    database.run(`update account set profile = ${literal(document)} where id = ${id};`);
  const held = (id: string) => {
    const hex = {
      sqlite: "hex(profile)",
      mysql: "hex(profile)",
      postgres: "encode(convert_to(profile::text, 'utf8'), 'hex')",
    };
    return Buffer.from(database.run(`select ${hex[dialect]} from account where id = ${id};`).trim(), "hex").toString();
  };
  const patch = (id: string, ...Operations: object[]) => send(gateway, "PATCH", `/Users/${id}`, { Operations });
  const create = async (more: Json = {}) => {
    const { json, text } = await send(gateway, "POST", "/Users", { userName: `u${Math.random()}`, ...more });
    expect(json.id, text).toBeDefined();
    return json;
  };
  const found = async (filter: string) =>
    (await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`)).json.Resources.map(
      ({ id }: { id: string }) => id,
    );

  test("are created, read, found and sorted", async () => {
    const phones = [{ value: "1" }, { value: "2" }];
    const ann = await create({ displayName: "Ann of JSON", active: false, title: "Boss", phoneNumbers: phones });
    const bob = await create({ displayName: "Bob of JSON", active: true });
    expect(ann).toMatchObject({ displayName: "Ann of JSON", active: false, title: "Boss", phoneNumbers: phones });
    expect(JSON.parse(held(ann.id))).toEqual({
      name: "Ann of JSON",
      flags: { enabled: false },
      contact: { phones: ["1", "2"], title: "Boss" },
    });
    const empty = await create();
    expect(JSON.parse(held(empty.id))).toEqual({});
    expect(await found('displayName co "of json"')).toEqual([ann.id, bob.id]);
    expect(await found('displayName co "of json" and active eq false')).toEqual([ann.id]);
    expect(await found('phoneNumbers.value eq "2"')).toEqual([ann.id]);
    expect(await found('displayName co "of json" and not (title pr)')).toEqual([bob.id]);
  });

  test("are changed with what else the document holds left as it is", async () => {
    const { id } = await create();
    hold(
      id,
      '{"theme":"dark","big":12345678901234567890,"contact":{"title":"Boss","fax":null},"flags":{"beta":true},"list":[1,{"a":[]}]}',
    );
    const answer = await patch(
      id,
      { op: "add", path: "phoneNumbers", value: [{ value: "7" }] },
      { op: "replace", path: "active", value: true },
      { op: "remove", path: "title" },
    );
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toMatchObject({ active: true, phoneNumbers: [{ value: "7" }] });
    expect(answer.json.title).toBeUndefined();
    const text = held(id);
    expect(text).toContain("12345678901234567890");
    expect(JSON.parse(text)).toEqual({
      theme: "dark",
      big: Number("12345678901234567890"),
      contact: { fax: null, phones: ["7"] },
      flags: { beta: true, enabled: true },
      list: [1, { a: [] }],
    });
  });

  test("are lists of one, of several and of none, where a column is a list as a whole", async () => {
    const { id } = await create({ emails: [{ value: "a@x.org" }] });
    const mails = () => database.run(`select mails from account where id = ${id};`).trim();
    expect(JSON.parse(mails())).toEqual(["a@x.org"]);
    const added = await patch(id, { op: "add", path: "emails", value: [{ value: "b@x.org" }, { value: "c@x.org" }] });
    expect(added.json.emails, added.text).toEqual([{ value: "a@x.org" }, { value: "b@x.org" }, { value: "c@x.org" }]);
    expect(await found('emails.value eq "b@x.org"')).toEqual([id]);
    await patch(id, { op: "remove", path: 'emails[value eq "a@x.org"]' });
    expect(JSON.parse(mails())).toEqual(["b@x.org", "c@x.org"]);
    const none = await patch(id, { op: "remove", path: "emails" });
    expect(none.json.emails, none.text).toBeUndefined();
    expect(JSON.parse(mails())).toEqual([]);
    const { id: bare } = await create();
    expect((await patch(bare, { op: "add", path: "emails", value: [{ value: "d@x.org" }] })).json.emails).toEqual([
      { value: "d@x.org" },
    ]);
  });

  test("count as a change where they change, and not where they do not", async () => {
    const { id, meta } = await create({ title: "one" });
    const same = await patch(id, { op: "replace", path: "title", value: "one" });
    expect(same.json.meta.version).toBe(meta.version);
    const changed = await patch(id, { op: "replace", path: "title", value: "two" });
    expect(changed.json.meta.version).not.toBe(meta.version);
    const body = { Operations: [{ op: "replace", path: "title", value: "three" }] };
    expect((await send(gateway, "PATCH", `/Users/${id}`, body, { "if-match": meta.version })).status).toBe(412);
    expect((await send(gateway, "GET", `/Users/${id}`)).json.title).toBe("two");
  });

  test("are refused where a document has no place for them, and nothing is changed", async () => {
    const documents = [
      '{"contact":"none"}',
      '{"contact":[]}',
      '{"contact":7}',
      ...(type === "text" || type === "longtext" ? ["none", "[1]", '{"a":'] : ["[1]", "7"]),
    ];
    for (const document of documents) {
      const { id, userName } = await create();
      hold(id, document);
      const read = await send(gateway, "GET", `/Users/${id}`);
      expect(read.status, document).toBe(200);
      expect(read.json.title).toBeUndefined();
      const refused = await patch(
        id,
        { op: "replace", path: "userName", value: "another" },
        { op: "replace", path: "title", value: "x" },
      );
      expect(refused.status, document).toBe(400);
      expect(refused.json.detail).toMatch(/document is unchanged/);
      expect((await send(gateway, "GET", `/Users/${id}`)).json.userName).toBe(userName);
    }
    expect((await patch("999999", { op: "replace", path: "title", value: "x" })).status).toBe(404);
  });

  test("law: whatever a document holds, a change sets its own places and nothing else", async () => {
    const { id } = await create();
    const key = fc.constantFrom("name", "flags", "contact", "phones", "title", "other", "", "é", "__proto__x", "a.b");
    const { any } = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        // A NUL has no place in PostgreSQL's texts.
        fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(key, tie("any"), { maxKeys: 4 }),
      ),
    }));
    const document = fc.dictionary(key, any, { maxKeys: 5 }).filter(({ contact }) => isPlain(contact));
    const text = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
      .filter((each) => each.trim() !== "" && !each.includes("\0"));
    await fc.assert(
      fc.asyncProperty(document, fc.option(text), text, async (before, title, name) => {
        const given = JSON.parse(JSON.stringify(before)) as Json;
        hold(id, JSON.stringify(given));
        const answer = await patch(
          id,
          title === null ? { op: "remove", path: "title" } : { op: "replace", path: "title", value: title },
          { op: "replace", path: "displayName", value: name },
        );
        expect(answer.status, answer.text).toBe(200);
        expect(answer.json.displayName).toBe(name);
        expect(answer.json.title).toBe(title ?? undefined);
        const { title: _, ...contact } = (given.contact ?? {}) as Json;
        // A list stays one.
        const wasList = (value: unknown) => Array.isArray(value);
        const heldTitle = (given.contact as Json | null | undefined)?.title;
        const nextTitle = wasList(heldTitle)
          ? { title: title === null ? [] : [title] }
          : title === null
            ? {}
            : { title };
        const isContact = title !== null || given.contact !== undefined;
        expect(JSON.parse(held(id))).toEqual({
          ...given,
          name: wasList(given.name) ? [name] : name,
          ...(isContact && { contact: given.contact === null && title === null ? null : { ...contact, ...nextTitle } }),
        });
      }),
      { numRuns: 60 },
    );
  });
});

const isPlain = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && !Array.isArray(value));

test.each([
  [{ displayName: "profile", title: "profile.title" }, 'writes both "profile" and "profile.title" within it'],
  [{ displayName: "profile.a", title: "profile.a.b" }, 'writes both "profile.a" and "profile.a.b" within it'],
  [{ userName: "profile.login" }, 'requires "profile.login" to be unique'],
])("mappings that would undo themselves within a document are refused: %o", async (more, message) => {
  const database = await startDatabase("sqlite");
  const mapping = { kind: "user", attributes: { ...attributes, ...removed, ...more } };
  await expect(startTables(database, kinds, { User: mapping })).rejects.toThrow(message);
  await database.stop();
});
const removed = { active: undefined, "phoneNumbers.value": undefined };
