import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { send } from "../clients/replay.ts";
import { legacyHr, startGateway } from "../servers/gateway.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
};

const QUERIES = 1_000_000;
const AT_ONCE = 32;
const FEW = 20_000;

test(`after ${QUERIES.toLocaleString("en")} different queries no more memory is held than after ${FEW.toLocaleString("en")}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-queries-"));
  const { connectors, routes } = legacyHr();
  const hr = { ...connectors.hr, file: join(folder, "hr.db") };
  const gateway = await startGateway({ connectors: { hr }, routes });
  // Names that are new each time, of attributes and values, in filters whose shape is new at times, too.
  const ask = async (n: number) => {
    const filter = `title eq "t${n}"${` or userName sw "u${n}"`.repeat(n % 5)}`;
    const { status } = await send(
      gateway,
      "GET",
      `/Users?attributes=a${n},userName&filter=${encodeURIComponent(filter)}&count=1`,
    );
    expect(status).toBe(200);
  };
  const askTo = async (from: number, to: number) => {
    for (let n = from; n < to; n += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => ask(n + index)));
  };
  await askTo(0, FEW);
  const before = heap();
  await askTo(FEW, QUERIES);
  const after = heap();
  console.log(`${before.toFixed(1)} MB in use after ${FEW} queries, ${after.toFixed(1)} MB after ${QUERIES}`);
  expect(after - before).toBeLessThan(10);
  await gateway.stop();
  rmSync(folder, { recursive: true });
}, 3_600_000);
