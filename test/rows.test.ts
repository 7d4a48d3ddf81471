import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import type { TestGateway } from "./servers/gateway.ts";
import { startTables } from "./servers/tables.ts";
import { type AnyDatabase, startDatabase } from "./servers/users-roles.ts";

const attributes = {
  id: { attr: "worker_id", readOnly: true },
  userName: { attr: "worker_id", readOnly: true },
  "name.familyName": { read: "rows[-1].family_name" },
  title: { read: "rows[-1].title" },
  nickName: { read: '$asOf(rows, "2021-06-01", "valid_from", "valid_to").title' },
  displayName: { read: '$count(rows) & " jobs, first " & rows[0].title' },
};
const kinds = { worker: { table: "job_history", rows: { by: "worker_id", order: ["valid_from"] } } };

describe.each(["sqlite", "postgres", "mysql"] as const)("a history table behind a SCIM endpoint, on %s", (dialect) => {
  let database: AnyDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    database = await startDatabase(dialect);
    database.run(
      `create table job_history (worker_id varchar(20), valid_from date, family_name varchar(40), title varchar(40));
       create index job_history_worker on job_history (worker_id);
       insert into job_history values ('w1', '2024-01-01', 'Ray', 'Lead'), ('w1', '2020-01-01', 'Ray', 'Clerk'),
         ('w2', '2021-05-01', 'Ode', 'Cook'), (null, '2021-05-01', 'Nobody', 'Ghost'), ('w1', '2022-01-01', 'Rae', 'Agent');`,
    );
    gateway = await startTables(database, kinds, { User: { kind: "worker", attributes } });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await database?.stop();
  });

  test("lists each person once, as the mapping chooses among the rows", async () => {
    const { json } = await send(gateway, "GET", "/Users");
    expect(json).toMatchObject({
      totalResults: 2,
      Resources: [
        { id: "w1", title: "Lead", nickName: "Clerk", name: { familyName: "Ray" }, displayName: "3 jobs, first Clerk" },
        { id: "w2", title: "Cook", displayName: "1 jobs, first Cook" },
      ],
    });
  });

  test("finds a person by the key in the database, and by a chosen value behind it", async () => {
    const found = async (filter: string) =>
      (
        (await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`)).json as {
          Resources: { id: string }[];
        }
      ).Resources.map(({ id }) => id);
    expect(await found('userName eq "W1"')).toEqual(["w1"]);
    expect(await found('title eq "Lead"')).toEqual(["w1"]);
    expect(await found('title eq "Clerk"')).toEqual([]);
    expect((await send(gateway, "GET", "/Users/w2")).json).toMatchObject({ title: "Cook" });
    expect((await send(gateway, "GET", "/Users/w3")).status).toBe(404);
  });

  test("refuses to delete, and keeps the rows", async () => {
    expect((await send(gateway, "DELETE", "/Users/w1")).status).toBe(400);
    expect((await send(gateway, "GET", "/Users/w1")).json).toMatchObject({ title: "Lead" });
  });
});
