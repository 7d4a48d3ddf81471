import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lazyStore } from "../src/compose/store.ts";
import { filesIn } from "../src/connector/kit/files.ts";
import { openSqlite, sqliteDialect } from "../src/connector/kit/sqlite.ts";
import type { Endangered } from "../src/gateway/guard.ts";
import type { Location } from "../src/state/database.ts";
import { migrations } from "../src/state/migrations.ts";
import { isSharedState, openState, type State, stateConfig } from "../src/state/state.ts";
import { type Database, startPostgres } from "./servers/databases.ts";
import { ROOT } from "./servers/gateway.ts";

/** A store that is emptied for each test. */
interface Store {
  readonly location: Location;
  readonly empty: () => void;
  /** Runs a statement beside Postern. */
  readonly run: (statement: string) => void;
  readonly stop: () => unknown;
}

const stores: Record<string, () => Promise<Store>> = {
  SQLite: async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-state-"));
    const file = join(folder, "state.db");
    return {
      location: { url: `sqlite:${file}` },
      empty: () => {
        for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
      },
      run: (statement) => {
        const database = openSqlite(file);
        database.exec(statement);
        database.close();
      },
      stop: () => rmSync(folder, { recursive: true }),
    };
  },
  "PostgreSQL, by TLS": async () => {
    const database: Database = await startPostgres();
    const { user, port, database: name, password } = database.settings;
    return {
      location: {
        url: `postgres://${user}@localhost:${port}/${name}`,
        password: String(password),
        tls: { ca: database.ca },
      },
      empty: () => database.run("drop schema public cascade; create schema public;"),
      run: (statement) => database.run(statement),
      stop: database.stop,
    };
  },
};

describe.each(Object.keys(stores))("the store on %s", (name) => {
  let store: Store;
  const opened: State[] = [];
  const open = (): State => {
    const state = openState(store.location, filesIn("/"));
    opened.push(state);
    return state;
  };
  beforeAll(async () => {
    store = await stores[name]!();
  });
  beforeEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    store.empty();
  });
  afterAll(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await store.stop();
  });
  /** Two gateways' stores; of one process that holds a file alone, the same twice. */
  const two = (): [State, State] => {
    const first = open();
    return [first, isSharedState(store.location.url) ? open() : first];
  };
  const deletion = (key: string, route = "/scim/v2"): Endangered => ({ route, type: "User", danger: "deletes", key });
  const asked = { caller: "entra", requestId: "r" };

  test("the console's sessions and tickets are bounded, and a ticket is taken once", async () => {
    const { console: console_ } = open();
    const now = Date.now();
    const session = (id: string, name: string, seen: number, expires = now + 60_000, sub = "") =>
      console_.addSession({ id, name, issuer: "", sub, role: "viewer", way: "link", created: now, seen, expires }, 2);
    await session("other", "bob", 1);
    for (const [id, seen] of [
      ["a", 3],
      ["b", 1],
      ["c", 2],
      ["d", 4],
    ] as const)
      await session(id, "ann", seen);
    await session("over", "bob", 1, now - 1);
    await session("new", "kim", 1);
    const known = await Promise.all(["other", "a", "b", "c", "d", "over", "new"].map((id) => console_.session(id)));
    expect(known.flatMap((each) => (each ? [each.id] : []))).toEqual(["other", "a", "d", "new"]);
    const ticket = (id: string, expires = now + 60_000) =>
      console_.addTicket({ id, kind: "link", data: id, expires }, 2);
    for (const id of ["first", "second", "third"]) {
      await ticket(id);
      await sleep(2);
    }
    const again = open();
    const taken = await Promise.all(
      [console_, again.console, console_].map((each) => each.takeTicket("link", "third")),
    );
    expect(taken.filter((each) => each === "third")).toHaveLength(1);
    expect(await console_.takeTicket("link", "first")).toBeUndefined();
    expect(await console_.ticket("link", "second")).toBe("second");
    expect(await console_.takeTicket("link", "second")).toBe("second");
    expect(await console_.ticket("link", "second")).toBeUndefined();
    await ticket("late", now - 1);
    expect(await console_.ticket("link", "late")).toBeUndefined();
    expect(await console_.takeTicket("link", "late")).toBeUndefined();
    // Somebody else may have the same name.
    await session("e", "ann", 9, now + 60_000, "another-ann");
    expect((await console_.sessions(2)).map(({ id }) => id)).toEqual(["e", "d"]);
    expect(await console_.endSessionsOf({ name: "ann", issuer: "", sub: "" })).toBe(2);
    expect((await console_.sessions(9)).map(({ id }) => id)).toEqual(["e", "new", "other"]);
  });

  test("is made by several gateways that start at the same time, and is there for the next one", async () => {
    const script = `import { filesIn } from "./src/connector/kit/files.ts";
      import { openState } from "./src/state/state.ts";
      const state = openState(${JSON.stringify(store.location)}, filesIn("/"));
      await state.ready();
      console.log(await state.guard.status("/scim/v2"));
      await state.close();`;
    const run = promisify(execFile);
    const started = await Promise.all(
      [1, 2, 3, 4].map(() => run(process.execPath, ["--input-type=module", "--eval", script], { cwd: ROOT })),
    );
    expect(started.map(({ stdout }) => stdout)).toEqual(Array(4).fill("[]\n"));
    expect(await open().ready()).toEqual({ isNew: false });
  });

  test("lets pass as many changes as are allowed, of many that two gateways ask for at once", async () => {
    const states = two();
    const places = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        states[n % 2]!.guard.reserve(deletion(String(n)), { own: 10, both: undefined }, asked),
      ),
    );
    expect(places.filter((each) => each === "passed")).toHaveLength(10);
    const [status] = await open().guard.status("/scim/v2");
    expect(status).toMatchObject({ type: "User", deletes: 10, disables: 0 });
    expect(status!.stopped).toHaveLength(50);
    // Another route has its own count.
    expect(await open().guard.reserve(deletion("1", "/other"), { own: 1, both: undefined }, asked)).toBe("passed");
  });

  test("gives a place back that nothing came of, and keeps one whose fate is unknown", async () => {
    const { guard } = open();
    const limits = { own: 1, both: undefined };
    expect(await guard.reserve(deletion("a"), limits, asked)).toBe("passed");
    await guard.settle(deletion("a"), "not done");
    expect(await guard.reserve(deletion("b"), limits, asked)).toBe("passed");
    await guard.settle(deletion("b"), "unknown");
    expect(await guard.reserve(deletion("c"), limits, asked)).toBe("stopped");
  });

  test("releases what one gateway stopped for all of them, once each", async () => {
    const [one, other] = two();
    const none = { own: 0, both: undefined };
    const keys = Array.from({ length: 1200 }, (_, n) => `k${n}`);
    const changeOf = (key: string) => ({ ...deletion(key), ...(key === "k0" && { type: "Group" }) });
    for (const key of keys) await one.guard.reserve(changeOf(key), none, asked);
    const route = "/scim/v2";
    const { groups, seen } = await one.guard.seen({ route, type: "User" });
    expect(groups).toMatchObject([{ type: "User", danger: "deletes", caller: "entra", count: 1199 }]);
    const { since } = (await one.guard.counts(route)).find(({ type }) => type === "User")!;
    expect(since).toBe(groups[0]!.first);
    const release = { route, by: "ada", reason: "looked at", seen };
    await expect(other.guard.release(release)).rejects.toThrow("no longer what you looked at");
    const released = await other.guard.release({ ...release, type: "User" });
    expect(released).toHaveLength(1199);
    expect(await one.guard.reserve(changeOf("k0"), none, asked)).toBe("stopped");
    expect(await one.guard.reserve(deletion("k1199"), none, asked)).toBe("passed");
    await one.guard.settle(deletion("k1199"), "done");
    expect(await other.guard.reserve(deletion("k1199"), none, asked)).toBe("stopped");
    expect(await one.guard.lastReleased(route)).toMatchObject({ by: "ada" });
    await sleep(2);
    const both = await one.guard.seen({ route });
    expect(await other.guard.release({ route, by: "bob", reason: "both", seen: both.seen })).toHaveLength(2);
    expect(await one.guard.lastReleased(route)).toMatchObject({ by: "bob" });
  });

  test("gives a lease to one holder at a time, until it ends or is given back", async () => {
    const [one, other] = two().map(({ leases }) => leases) as [State["leases"], State["leases"]];
    const held = await Promise.all([one.take("x", "one", 60_000), other.take("x", "other", 60_000)]);
    expect(new Set(held).size).toBe(1);
    const [holder] = held;
    expect(await other.take("x", holder!, 60_000)).toBe(holder);
    await one.release("x", "a stranger");
    expect(await one.take("x", "third", 50)).toBe(holder);
    await one.release("x", holder!);
    expect(await one.take("x", "third", 50)).toBe("third");
    await sleep(60);
    expect(await other.take("x", "fourth", 50)).toBe("fourth");
  });

  test("keeps where each audit chain ends, and takes no earlier place for it", async () => {
    const { chains } = open();
    await chains.keep({ chain: "a", seq: 2 ** 40, hash: "h1" });
    await chains.keep({ chain: "a", seq: 5, hash: "h0" });
    await chains.keep({ chain: "b", seq: 1, hash: "h2" });
    expect(await open().chains.all()).toMatchObject([
      { chain: "a", seq: 2 ** 40, hash: "h1" },
      { chain: "b", seq: 1, hash: "h2" },
    ]);
    expect([await chains.forget("b"), await chains.forget("b")]).toEqual([true, false]);
    expect(await chains.head("b")).toBeUndefined();
  });

  test("copies what is known of a sync, and drops the copy again: the first stays as it is", async () => {
    const { syncs } = open();
    const sync = syncs.of("people");
    const known = { resource: "{}", hash: "h", aliases: [{ place: "(rehire)", value: "ada" }] };
    await sync.receive(1, [
      { key: "1", ...known },
      { key: "2", ...known },
    ]);
    await sync.save([{ ...(await sync.person("1"))!, target: "a1" }]);
    await sync.referTo("2", [{ place: "", value: "1" }]);
    await sync.reserve("userName", "ada", "1");
    await sync.belong("1", [{ type: "Group", name: "Maths" }]);
    await sync.end(await sync.begin("test", 5), { outcome: "done" });
    await sync.update({ reads: 1, begun: 5 });
    const told = async (name: string) => {
      const of = syncs.of(name);
      const { sync: _, ...record } = await of.record();
      const runs = (await of.runs(9)).map(({ sync: __, ...run }) => run);
      const names = [await of.known({ place: "(rehire)", value: "ada" }, 9), await of.memberships("1")];
      return { record, runs, names, people: [await of.byTarget("a1"), await of.person("2")] };
    };
    const first = await told("people");
    await syncs.copy("people", "people@plan");
    await syncs.copy("people", "people@plan");
    expect(await told("people@plan")).toEqual(first);
    expect(first.names).toMatchObject([["1", "2"], [{ name: "maths" }]]);
    const copy = syncs.of("people@plan");
    expect(await copy.reserve("userName", "ada", "2")).toBe("1");
    await copy.wake("1");
    expect((await copy.due({ from: 9, to: 9 }, "", 9)).map(({ key }) => key)).toEqual(["2"]);
    await syncs.drop("people@plan");
    expect((await told("people@plan")).people).toEqual([undefined, undefined]);
    expect(await copy.reserve("userName", "ada", "2")).toBe("2");
    expect(await told("people")).toEqual(first);
  });

  test.runIf(name.startsWith("PostgreSQL"))("leaves the lease of a log with the gateway that has it open", async () => {
    const said: string[] = [];
    const log = { warn: (_: unknown, message?: string) => void said.push(String(message)) };
    const config = { state: store.location } as never;
    const [running, other] = [log, { warn: () => {} }].map((each) => lazyStore({ config, folder: "/" }, each));
    const anchor = await running!.anchor!("one", "the log");
    anchor.begin(() => true);
    // The same log, which this process cannot open: another one has it.
    await (await other!.anchor!("one", "the log")).close();
    await expect(other!.anchor!("one", "another log")).rejects.toThrow("already writes the audit chain");
    await anchor.close();
    await (await other!.anchor!("one", "another log")).close();
    expect(said).toEqual([]);
    await Promise.all([running!.close(), other!.close()]);
  });

  test("is used beside a later version, which has taken steps that this one does not know", async () => {
    await open().ready();
    store.run("insert into kysely_migration (name, timestamp) values ('9999-of-a-later-version', '2027-01-01');");
    const { guard } = open();
    expect(await guard.reserve(deletion("a"), { own: 1, both: undefined }, asked)).toBe("passed");
  });
});

test("a store of the first version is brought up to date", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-state-"));
  const file = join(folder, "state.db");
  const db = new Kysely<unknown>({ dialect: sqliteDialect(() => openSqlite(file)) });
  const [[name, first]] = Object.entries(migrations) as [[string, (typeof migrations)[string]]];
  await new Migrator({ db, provider: { getMigrations: async () => ({ [name]: first! }) } }).migrateToLatest();
  await db.destroy();
  const state = openState({ url: `sqlite:${file}` }, filesIn("/"));
  expect(await state.ready()).toEqual({ isNew: false });
  expect(await state.leases.take("x", "one", 1000)).toBe("one");
  await state.close();
  rmSync(folder, { recursive: true });
});

describe("where the store is", () => {
  test.each([
    ["mysql://a@b/c", "a store is sqlite:FILE"],
    ["postgres://host/db", "a store is sqlite:FILE"],
    ["postgres://user@host", "a store is sqlite:FILE"],
    ["postgres://user@host/db?sslmode=disable", "a store is sqlite:FILE"],
    ["sqlite:", "a store is sqlite:FILE"],
    ["postgres://user:secret@host/db", "set the password in state.password"],
  ])("%s is refused", (url, reason) => {
    expect(stateConfig.safeParse({ url }).error?.issues[0]?.message).toContain(reason);
  });
  test.each(["sqlite:a.db", "sqlite::memory:", "postgres://u@h/d", "postgresql://u@[::1]:5432/d"])(
    "%s is taken",
    (url) => {
      expect(stateConfig.safeParse({ url }).success).toBe(true);
    },
  );
});
