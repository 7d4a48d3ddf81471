// npm run bench: OpenLDAP with 10,000 users and 100 groups, the gateway, and the floor beside it; what each answers a
// second, and how long an answer takes. Only the ratios of one run mean anything on another machine.
import { fork } from "node:child_process";
import { join } from "node:path";
import autocannon from "autocannon";
import { SUFFIX } from "../test/servers/slapd.ts";
import { message, ROOT, startBench, TOKEN, uuid, watched } from "./openldap.ts";

const USERS = 10_000;
const GROUPS = 100;
const WARM_UP_SECONDS = 3;
const SECONDS = Number(process.argv[2] ?? 4);

const person = (n: number) => `dn: uid=user${n},ou=people,${SUFFIX}
objectClass: inetOrgPerson
entryUUID: ${uuid(n)}
uid: user${n}
cn: User ${n}
sn: Number${n}
givenName: User
displayName: User ${n}
mail: user${n}@example.test
title: Clerk
departmentNumber: Sales
employeeNumber: ${n}
`;
const group = (n: number) => {
  const members = Array.from(
    { length: 100 },
    (_, each) => `member: uid=user${(n * 100 + each) % USERS},ou=people,${SUFFIX}`,
  );
  return `dn: cn=group${n},ou=groups,${SUFFIX}\nobjectClass: groupOfNames\nentryUUID: ${uuid(1_000_000 + n)}\ncn: group${n}\n${members.join("\n")}\n`;
};
const range = (length: number) => Array.from({ length }, (_, n) => n);

const ldif = [...range(USERS).map(person), ...range(GROUPS).map(group)].join("\n");
const { slapd, gateway, stop } = await startBench(ldif);
const directory = watched(slapd.pid());
const floor = fork(join(ROOT, "bench/floor.ts"), [
  slapd.url,
  slapd.bind.dn,
  slapd.bind.password,
  `ou=people,${SUFFIX}`,
  `ou=groups,${SUFFIX}`,
]);
const { port: floorPort } = await message(floor);
const bareHandler = watched(floor.pid!);

let turn = 0;
const any = () => turn++ % USERS;
const fresh = () => `new${turn++}${Math.random().toString(36).slice(2, 8)}`;
const patchOp = (...Operations: object[]) =>
  JSON.stringify({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
type Make = () => { method?: "GET" | "POST" | "PATCH"; path: string; body?: string };
const rows: [string, Make, Make][] = [
  ["get by id", () => ({ path: `/scim/v2/Users/${uuid(any())}` }), () => ({ path: `/get/${uuid(any())}` })],
  [
    "filter userName eq",
    () => ({ path: `/scim/v2/Users?filter=userName%20eq%20%22user${any()}%22` }),
    () => ({ path: `/filter?uid=user${any()}` }),
  ],
  ["list 100", () => ({ path: "/scim/v2/Users?count=100" }), () => ({ path: "/list" })],
  [
    "create",
    () => {
      const userName = fresh();
      return {
        method: "POST",
        path: "/scim/v2/Users",
        body: JSON.stringify({
          schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
          userName,
          displayName: userName,
        }),
      };
    },
    () => ({ method: "POST", path: "/create", body: JSON.stringify({ uid: fresh() }) }),
  ],
  [
    "patch title",
    () => ({
      method: "PATCH",
      path: `/scim/v2/Users/${uuid(any())}`,
      body: patchOp({ op: "replace", path: "title", value: fresh() }),
    }),
    () => ({ method: "PATCH", path: `/patch/${uuid(any())}`, body: JSON.stringify({ title: fresh() }) }),
  ],
  [
    "add a member",
    () => ({
      method: "PATCH",
      path: `/scim/v2/Groups/${uuid(1_000_000 + (turn % GROUPS))}`,
      body: patchOp({ op: "add", path: "members", value: [{ value: uuid(any()) }] }),
    }),
    () => ({
      method: "PATCH",
      path: `/member/${uuid(1_000_000 + (turn % GROUPS))}`,
      body: JSON.stringify({ uid: uuid(any()) }),
    }),
  ],
];

function measure(port: number, make: Make, connections: number, duration = SECONDS): Promise<autocannon.Result> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  return autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration,
    headers,
    requests: [{ setupRequest: (request) => ({ ...request, method: "GET", ...make(), headers }) }],
  });
}

/** What a request cost of each process, in microseconds of processor time. */
async function cost(
  port: number,
  make: Make,
  server: typeof directory,
): Promise<{ result: autocannon.Result; own: number; slapd: number }> {
  const before = [server.cpu(), directory.cpu()] as const;
  const result = await measure(port, make, COUNTED);
  const each = (micros: number) => micros / result.requests.total;
  return { result, own: each(server.cpu() - before[0]), slapd: each(directory.cpu() - before[1]) };
}

/** At so many connections processor time is counted. */
const COUNTED = 16;
const costs: string[] = [];

console.log(
  "| request | connections | gateway/s | p50 ms | p99 ms | floor/s | p50 ms | p99 ms | ratio |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
);
for (const [name, ours, bare] of rows) {
  // Code that V8 has compiled, not the first requests after the start, is what is compared.
  await measure(gateway.port, ours, 64, WARM_UP_SECONDS);
  await measure(floorPort!, bare, 64, WARM_UP_SECONDS);
  for (const connections of [1, COUNTED, 64]) {
    const isCounted = connections === COUNTED;
    const [we, it] = isCounted
      ? [await cost(gateway.port, ours, gateway), await cost(floorPort!, bare, bareHandler)]
      : [undefined, undefined];
    const us = we?.result ?? (await measure(gateway.port, ours, connections));
    const them = it?.result ?? (await measure(floorPort!, bare, connections));
    if (we && it)
      costs.push(
        `| ${name} | ${Math.round(we.own)} | ${Math.round(it.own)} | ${(we.own / it.own).toFixed(1)} | ${Math.round(we.slapd)} | ${Math.round(it.slapd)} |`,
      );
    const figures = (result: autocannon.Result) =>
      `${Math.round(result.requests.average)} | ${result.latency.p50} | ${result.latency.p99}`;
    const failed = us.non2xx + us.errors + them.non2xx + them.errors;
    console.log(
      `| ${name} | ${connections} | ${figures(us)} | ${figures(them)} | ${(us.requests.average / them.requests.average).toFixed(2)}${failed ? ` (${failed} failed)` : ""} |`,
    );
  }
}
console.log(
  `\nProcessor time of a request at ${COUNTED} connections, microseconds:\n\n| request | gateway | floor | ratio | slapd, for the gateway | slapd, for the floor |\n| --- | ---: | ---: | ---: | ---: | ---: |\n${costs.join("\n")}`,
);
const { now, most } = gateway.memory();
console.log(`\nThe gateway's memory after it all: ${now} MB resident, ${most} MB at the most.`);
floor.disconnect();
await stop();
