// node bench/bulk.ts: a thousand creations, and a thousand PATCHes, on SQLite in a file: as single requests, one after the other and
// eight at a time, and as one bulk request. Only the ratios of one run mean anything on another machine.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { send } from "../test/clients/replay.ts";
import { legacyHr, startGateway } from "../test/servers/gateway.ts";

const COUNT = 1000;
const ROUNDS = Number(process.argv[2] ?? 5);
const AT_A_TIME = 8;
const MESSAGES = "urn:ietf:params:scim:api:messages:2.0";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

interface Operation {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  readonly data: object;
}

const folder = mkdtempSync(join(tmpdir(), "postern-bulk-"));
const config = legacyHr();
const gateway = await startGateway({
  ...config,
  connectors: { hr: { ...config.connectors.hr, file: join(folder, "hr.db") } },
});

let turn = 0;
const creation = (): Operation => {
  const userName = `bulk${++turn}`;
  const data = {
    schemas: [USER],
    userName,
    externalId: `ext-${userName}`,
    displayName: `Bulk ${turn}`,
    name: { givenName: "Bulk", familyName: String(turn) },
    emails: [{ type: "work", value: `${userName}@example.test` }],
    active: true,
  };
  return { method: "POST", path: "/Users", data };
};
const change = (id: string): Operation => {
  const Operations = [{ op: "replace", path: "title", value: `Title ${++turn}` }];
  return { method: "PATCH", path: `/Users/${id}`, data: { schemas: [`${MESSAGES}:PatchOp`], Operations } };
};

const single = async ({ method, path, data }: Operation): Promise<void> => {
  const { status, text } = await send(gateway, method, path, data);
  if (status >= 300) throw new Error(text);
};
const ways: Record<string, (operations: readonly Operation[]) => Promise<void>> = {
  "single requests, one after the other": async (operations) => {
    for (const each of operations) await single(each);
  },
  "single requests, eight at a time": async (operations) => {
    const left = [...operations];
    const work = async () => {
      for (let each = left.pop(); each; each = left.pop()) await single(each);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  },
  "one bulk request": async (operations) => {
    const Operations = operations.map((each, index) => ({ ...each, bulkId: `b${index}` }));
    const { status, text, json } = await send(gateway, "POST", "/Bulk", {
      schemas: [`${MESSAGES}:BulkRequest`],
      Operations,
    });
    if (status !== 200 || json.Operations.some((each: { status: string }) => Number(each.status) >= 300))
      throw new Error(text.slice(0, 500));
  },
};

const ids: string[] = [];
for (let n = 0; n < COUNT; n++) ids.push((await send(gateway, "POST", "/Users", creation().data)).json.id);
const kinds = { create: () => Array.from({ length: COUNT }, creation), patch: () => ids.map(change) };

for (const [kind, make] of Object.entries(kinds)) {
  const seconds = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, run] of Object.entries(ways)) {
      const operations = make();
      const start = performance.now();
      await run(operations);
      seconds.get(name)!.push((performance.now() - start) / 1000);
    }
  for (const [name, all] of seconds) {
    const middle = all.sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
    console.log(`${kind}: ${name}: ${middle.toFixed(2)} s (${all[0]!.toFixed(2)} to ${all.at(-1)!.toFixed(2)})`);
  }
}

await gateway.stop();
rmSync(folder, { recursive: true });
