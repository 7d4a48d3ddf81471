// Measures a large table, through the whole gateway and by the bare driver with the same statement:
//   node bench/sql.ts postgres|mysql [users]
import { Agent, get } from "node:http";
import { Kysely } from "kysely";
import { mysql } from "../connectors/sql/dialects/mysql.ts";
import { postgres } from "../connectors/sql/dialects/postgres.ts";
import sql from "../connectors/sql/index.ts";
import { countStatement, searchStatement } from "../connectors/sql/statements.ts";
import { kindsOf } from "../connectors/sql/tables.ts";
import { loadMapping } from "../src/config/load.ts";
import { createObserver } from "../src/connector/kit/observe.ts";
import { writeCursor } from "../src/scim/cursor.ts";
import { send } from "../test/clients/replay.ts";
import { openHr, startHr } from "../test/servers/databases.ts";
import { startGateway } from "../test/servers/gateway.ts";

const dialect = process.argv[2] === "mysql" ? "mysql" : "postgres";
const users = Number(process.argv[3] ?? 1_000_000);
const RUNS = 11;
const WARM_MS = 2000;

const database = await startHr(dialect);
const columns = "login, external_ref, first_name, last_name, full_name, mail, department, staff_number, enabled";
const numbers =
  dialect === "postgres" ? `generate_series(1, ${users}) as t(n)` : `(select seq as n from seq_1_to_${users}) t`;
const text = (prefix: string, suffix = "") =>
  dialect === "postgres" ? `'${prefix}' || n || '${suffix}'` : `concat('${prefix}', n, '${suffix}')`;
database.run(
  `insert into people (${columns}) select ${text("user", "@example.com")}, ${text("ref")}, ${text("First")}, ${text("Last")}, ${text("User ")}, ${text("user", "@example.com")}, 'Sales', ${text("")}, ${dialect === "postgres" ? "true" : "1"} from ${numbers}; analyze ${dialect === "postgres" ? "" : "table "}people;`,
);
database.run("insert into teams (id, name) values (1000, 'Large'), (1001, 'Small');");
// Each row's trigger would change the one team again, which PostgreSQL keeps a version of each time.
const quietly = (statement: string) =>
  dialect === "postgres"
    ? `alter table team_members disable trigger user; ${statement} alter table team_members enable trigger user;`
    : statement;
database.run(quietly("insert into team_members (team_id, person_id) select 1000, id from people where id <= 100000;"));
const gateway = await startGateway(openHr(database));

const { settings } = database;
const server = {
  host: settings.host,
  port: settings.port,
  database: "hr",
  user: "postern",
  password: "of-the-tests-only",
  connections: 2,
  waitMs: 3000,
  statementMs: 4500,
  tls: undefined,
  observer: createObserver(),
} as const;
const bare = dialect === "postgres" ? postgres(server) : mysql(server);
const db = new Kysely<unknown>({ dialect: bare.kysely() });
const parsed = sql.config.parse({ ...settings, kinds: openHr(database).connectors.hr.kinds });
const person = (await kindsOf(parsed.kinds, bare, db).known()).get("person")!;
const { mapping } = loadMapping(openHr(database).routes["/scim/v2"].User.mapping, { attributeTypes: [] });
const attrs = [...new Set(mapping.rows.flatMap((row) => (row.is === "expression" ? [] : [row.attr])))];

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  // Code that has run a few times only is what costs most, in the gateway as in the driver.
  const warm = performance.now() + WARM_MS;
  do await work();
  while (performance.now() < warm);
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
}
const agent = new Agent({ keepAlive: true });
/** Asks the gateway with as little of a client's own work as can be. */
const ask = (path: string) =>
  new Promise<string>((resolve, reject) => {
    const headers = { Authorization: `Bearer ${gateway.token}` };
    get(gateway.base + path, { agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    }).on("error", reject);
  });
const search = (more: object) => searchStatement(person, { attrs, limit: 100, ...more }).execute(db);
const orderBy = { attr: "id", descending: false };
const page = async (cursor: string) => JSON.parse(await ask(`/Users?count=100&cursor=${cursor}`));
const at = (id: number) => writeCursor(["User", "hr", "person", "", "", ""], [String(id)]);
const rows: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
  [
    "filter by userName",
    () => ask(`/Users?filter=${encodeURIComponent(`userName eq "user${users / 2}@example.com"`)}`),
    () => search({ where: { op: "eq", attr: "login", value: `user${users / 2}@example.com` } }),
  ],
  [
    "first page",
    () => ask("/Users?count=100"),
    async () => Promise.all([search({}), countStatement(person, undefined).execute(db)]),
  ],
  [
    "page in the middle, by cursor",
    async () => page(at(users / 2)),
    async () =>
      Promise.all([
        search({ orderBy, after: { key: String(users / 2) } }),
        countStatement(person, undefined).execute(db),
      ]),
  ],
  [
    "last page, by cursor",
    async () => page(at(users - 100)),
    async () =>
      Promise.all([
        search({ orderBy, after: { key: String(users - 100) } }),
        countStatement(person, undefined).execute(db),
      ]),
  ],
  [
    "ten pages, one after the other",
    async () => {
      for (let n = 0; n < 10; n++) await ask(`/Users?count=100&startIndex=${500_001 + n * 100}`);
    },
    async () => {
      for (let n = 0; n < 10; n++)
        await Promise.all([
          search({ orderBy, after: { key: String(500_000 + n * 100) } }),
          countStatement(person, undefined).execute(db),
        ]);
    },
  ],
  [
    "last page, by startIndex",
    () => ask(`/Users?count=100&startIndex=${users - 99}`),
    async () => Promise.all([search({ offset: users - 100 }), countStatement(person, undefined).execute(db)]),
  ],
];
// The first of the ten pages in a row comes after the page before it, as a client that lists all has it.
await ask("/Users?count=100&startIndex=499901");
console.log(`${dialect}, ${users} users; milliseconds, the median of ${RUNS}`);
for (const [name, ours, theirs] of rows) {
  const [a, b] = [await median(ours), await median(theirs)];
  console.log(`${name.padEnd(30)} ${a.toFixed(1).padStart(8)} ${b.toFixed(1).padStart(8)}  ${(a / b).toFixed(2)}`);
}
let turn = 100_001;
for (const id of [1000, 1001]) {
  const time = await median(() =>
    send(gateway, "PATCH", `/Groups/${id}`, {
      Operations: [{ op: "add", path: "members", value: [{ value: String(turn++) }] }],
    }),
  );
  console.log(`add a member to a group of ${id === 1000 ? "100,000" : "few"}`.padEnd(40), time.toFixed(1));
}
await db.destroy();
await gateway.stop();
await database.stop();
