// node bench/linear.ts: the CPU time of what clients choose the size of, at one size and at twice that. What is linear takes about twice
// as long; what is quadratic takes four times, and stops the process at the sizes that a request may have. And what memory is left behind
// by many different queries.
import { applyChanges } from "../src/connector/reference.ts";
import { parseFilter } from "../src/scim/filter.ts";
import { readPatch } from "../src/scim/operations.ts";
import { applyPatch } from "../src/scim/patch.ts";
import { builtInTypes } from "../src/scim/schema.ts";
import { send } from "../test/clients/replay.ts";
import { legacyHr, startGateway } from "../test/servers/gateway.ts";

const userType = builtInTypes[0]!;
const emails = (n: number) => Array.from({ length: n }, (_, at) => ({ type: `t${at}`, value: `v${at}@example.com` }));
const patch = (...Operations: object[]) => ({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
const bare = { schemas: [userType.schema.id], userName: "x" };
const apply = (resource: object, body: object) => applyPatch(resource as never, readPatch(body, userType), userType);

const works: Readonly<Record<string, readonly [number, (n: number) => () => unknown]>> = {
  "add values in one operation": [
    8000,
    (n) => {
      const body = patch({ op: "add", path: "emails", value: emails(n) });
      return () => apply(bare, body);
    },
  ],
  "add values in an operation each": [
    900,
    (n) => {
      const body = patch(...emails(n).map((value) => ({ op: "add", path: "emails", value: [value] })));
      return () => apply(bare, body);
    },
  ],
  "remove values by value": [
    8000,
    (n) => {
      const body = patch({ op: "remove", path: "emails", value: emails(n) });
      const resource = { ...bare, emails: emails(n) };
      return () => apply(resource, body);
    },
  ],
  "changes of a list": [
    50_000,
    (n) => {
      const values = Array.from({ length: n }, (_, at) => `m${at}`);
      return () =>
        applyChanges({ member: values }, [
          { op: "add", attr: "member", values: values.map((each) => `${each}x`) },
          { op: "delete", attr: "member", values },
        ]);
    },
  ],
  "a filter": [
    200,
    (n) => {
      const text = Array.from({ length: n }, (_, at) => `title co "t${at}"`).join(" or ");
      return () => parseFilter(text);
    },
  ],
};

/** The least CPU time of some runs, in milliseconds. */
function cpu(work: () => unknown): number {
  const times = Array.from({ length: 7 }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

console.log("| | n | CPU ms | at 2 n | ratio |\n| --- | ---: | ---: | ---: | ---: |");
for (const [name, [n, make]] of Object.entries(works)) {
  const [one, two] = [cpu(make(n)), cpu(make(2 * n))];
  console.log(`| ${[name, n, one.toFixed(1), two.toFixed(1), (two / one).toFixed(1)].join(" | ")} |`);
}

const queries = Number(process.argv[2] ?? 100_000);
const gateway = await startGateway(legacyHr());
const ask = (n: number) =>
  send(gateway, "GET", `/Users?attributes=a${n},userName&filter=${encodeURIComponent(`title eq "t${n}"`)}&count=1`);
const used = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};
for (let n = 0; n < 2000; n += 20) await Promise.all(Array.from({ length: 20 }, (_, at) => ask(n + at)));
const before = used();
for (let n = 2000; n < queries; n += 20) await Promise.all(Array.from({ length: 20 }, (_, at) => ask(n + at)));
console.log(
  `\nmemory in use after 2,000 different queries: ${before.toFixed(1)} MB, after ${queries.toLocaleString("en")}: ${used().toFixed(1)} MB`,
);
await gateway.stop();
process.exit();
