// npm run bench:journal [-- SECONDS [postgres]]: two gateways before one OpenLDAP, one of them with a journal, asked in turn. Only the ratios of one run mean
// anything on another machine.
import autocannon from "autocannon";
import { startPostgres, stateIn } from "../test/servers/databases.ts";
import { openLdap, SUFFIX, startSlapd } from "../test/servers/slapd.ts";
import { ROOT, startCompiled, TOKEN, uuid } from "./openldap.ts";

const USERS = 2000;
const ROUNDS = 4;
const SECONDS = Number(process.argv[2] ?? 4);

const people = Array.from(
  { length: USERS },
  (_, n) =>
    `dn: uid=user${n},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nentryUUID: ${uuid(n)}\nuid: user${n}\ncn: User ${n}\nsn: N${n}\n`,
);
const slapd = await startSlapd(people.join("\n"));
const without = await startCompiled(openLdap(slapd, ROOT));
const postgres = process.argv[3] === "postgres" ? await startPostgres() : undefined;
const state = postgres ? stateIn(postgres) : { url: "sqlite:state.db" };
const withOne = await startCompiled({ ...openLdap(slapd, ROOT), journal: {}, state });

let turn = 0;
const fresh = () => `new${turn++}${Math.random().toString(36).slice(2, 8)}`;
const writes = {
  "patch title": () => ({
    method: "PATCH" as const,
    path: `/scim/v2/Users/${uuid(turn++ % USERS)}`,
    body: JSON.stringify({ Operations: [{ op: "replace", path: "title", value: fresh() }] }),
  }),
  create: () => ({
    method: "POST" as const,
    path: "/scim/v2/Users",
    body: JSON.stringify({ userName: fresh(), displayName: "New" }),
  }),
};
const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
const measure = (port: number, make: (typeof writes)[keyof typeof writes], connections: number) =>
  autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: SECONDS,
    requests: [{ setupRequest: (request) => ({ ...request, ...make(), headers }) }],
  });
const median = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;

console.log(
  "| write | connections | without, /s | with, /s | ratio | of rounds | p50 ms | p50 ms |\n| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |",
);
for (const [name, make] of Object.entries(writes))
  for (const connections of [1, 16]) {
    const rounds = { without: [] as autocannon.Result[], with: [] as autocannon.Result[] };
    for (let round = 0; round < ROUNDS; round++) {
      rounds.without.push(await measure(without.port, make, connections));
      rounds.with.push(await measure(withOne.port, make, connections));
    }
    const rate = (results: readonly autocannon.Result[]) =>
      Math.round(median(results.map(({ requests }) => requests.average)));
    const wait = (results: readonly autocannon.Result[]) => median(results.map(({ latency }) => latency.p50));
    const [bare, kept] = [rate(rounds.without), rate(rounds.with)];
    const ratios = rounds.with.map((each, at) => each.requests.average / rounds.without[at]!.requests.average);
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const failed = [...rounds.without, ...rounds.with].reduce((sum, each) => sum + each.non2xx + each.errors, 0);
    console.log(
      `| ${name} | ${connections} | ${bare} | ${kept} | ${(kept / bare).toFixed(2)} | ${spread} | ${wait(rounds.without)} | ${wait(rounds.with)}${failed ? ` (${failed} failed)` : ""} |`,
    );
  }
console.log(`\nMemory: ${without.memory().now} MB without, ${withOne.memory().now} MB with.`);
for (const each of [without, withOne]) each.stop();
await slapd.stop();
await postgres?.stop();
