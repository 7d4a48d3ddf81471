import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { type Database, openHr, type Replica, startHr, startPostgresReplica } from "./servers/databases.ts";
import { startGateway, type TestGateway } from "./servers/gateway.ts";

/** A PostgreSQL server that another one follows, by streaming replication that can be held up. */
describe("replicas that are read from, on PostgreSQL", () => {
  let primary: Database;
  let replica: Replica;
  beforeAll(async () => {
    primary = await startHr("postgres");
    primary.run("insert into people (login, mail) values ('ann', 'old@x.test');");
    replica = await startPostgresReplica(primary);
    await replica.catchUp();
  });
  afterAll(async () => {
    await replica.stop();
    await primary.stop();
  });
  const open = () => startGateway(openHr(primary, { replicas: [replica.address] }));
  const find = async (gateway: TestGateway, userName: string) => {
    const { json } = await send(gateway, "GET", `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
    return json.totalResults;
  };

  test("are asked until something is written, and then the server that was written to", async () => {
    const gateway = await open();
    replica.follow(false);
    primary.run("insert into people (login) values ('behind');");
    expect(await find(gateway, "ann")).toBe(1);
    expect(await find(gateway, "behind")).toBe(0);
    const made = await send(gateway, "POST", "/Users", { userName: "new" });
    expect(made.status).toBe(201);
    expect((await send(gateway, "GET", `/Users/${made.json.id}`)).status).toBe(200);
    expect([await find(gateway, "new"), await find(gateway, "behind")]).toEqual([1, 1]);
    await gateway.stop();
    replica.follow(true);
    await replica.catchUp();
  });

  test("that are behind spoil no change: it is made on what is there", async () => {
    const gateway = await open();
    replica.follow(false);
    primary.run("update people set mail = 'between@x.test', home_mail = 'home@x.test' where login = 'ann';");
    const { json } = await send(gateway, "GET", "/Users?filter=userName%20eq%20%22ann%22");
    expect(json.Resources[0].emails).toEqual([{ type: "work", value: "old@x.test" }]);
    const Operations = [{ op: "replace", path: 'emails[value ew "x.test"].value', value: "new@x.test" }];
    const patched = await send(gateway, "PATCH", `/Users/${json.Resources[0].id}`, { Operations });
    expect(patched.status, patched.text).toBe(200);
    expect(primary.run("select mail, home_mail from people where login = 'ann';").trim()).toBe("new@x.test|new@x.test");
    await gateway.stop();
    replica.follow(true);
    await replica.catchUp();
  });

  test("that are gone are passed over, and asked again after a while", async () => {
    const gateway = await open();
    expect(await find(gateway, "ann")).toBe(1);
    await replica.kill();
    for (let n = 0; n < 5; n++) expect(await find(gateway, "ann")).toBe(1);
    await replica.restart();
    await gateway.stop();
  });
});

describe.each(["postgres", "mysql"] as const)("a pool that has no connection free, on %s", (dialect) => {
  test("is waited for as long as is told, and no longer", async () => {
    const database = await startHr(dialect);
    database.run(
      dialect === "postgres"
        ? `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(3); return new; end $$;
           create trigger slow before insert on teams for each row execute function slow();`
        : "create trigger slow before insert on teams for each row set @slept = sleep(3);",
    );
    const gateway = await startGateway(openHr(database, { connections: 1, wait: 1 }));
    // The catalogue is asked, and the connection made.
    expect((await send(gateway, "GET", "/Groups")).status).toBe(200);
    const made = await Promise.all(
      ["one", "two"].map((displayName) => send(gateway, "POST", "/Groups", { displayName })),
    );
    expect(made.map(({ status }) => status).sort(), made.map(({ text }) => text).join()).toEqual([201, 503]);
    const refused = made.find(({ status }) => status === 503)!;
    expect(refused.json.detail).toBe("No database connection became available in time.");
    expect(refused.headers.get("retry-after")).toBeTruthy();
    expect(database.run("select count(*) from teams;").trim()).toBe("1");
    expect((await send(gateway, "GET", "/Groups")).json.totalResults).toBe(1);
    await gateway.stop();
    await database.stop();
  });
});
