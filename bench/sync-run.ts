// One run of a sync in a process of its own, for bench/sync.ts: FILE plan|run|floor PEOPLE. Sends what it cost.

import { openRoutes } from "../src/cli/opened.ts";
import { runNamed } from "../src/compose/syncs/syncs.ts";
import { loadConfig } from "../src/config/load.ts";
import { inLanes } from "../src/sync/steps.ts";
import { contextFor } from "../src/sync/targets/route.ts";
import { registry } from "../test/servers/registry.ts";
import { joiner } from "../test/suites/sync-kill.ts";

const [file, what, people] = process.argv.slice(2) as [string, string, string];
const LANES = 8;
const { signal } = new AbortController();
const opened = await openRoutes(loadConfig(file, registry, {}), { writes: false });
const before = process.cpuUsage();
const begun = performance.now();
let told = "";
if (what === "floor") await floor(Number(people));
else {
  const wish = { cause: "bench", ...(what === "plan" ? { isPlan: true } : { isFirst: true }) };
  const { outcome, error, counts } = await runNamed("people", opened, wish, { signal });
  if (outcome !== "done" && outcome !== "planned") throw new Error(`${outcome}: ${error}`);
  told = JSON.stringify(counts);
}
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(before);
await opened.close();
process.send!({ seconds, cpu: (user + system) / 1e6, mb: process.resourceUsage().maxRSS / 1024, told });
process.disconnect();

/** As many plain creations through the same route, and nothing else. */
async function floor(count: number): Promise<void> {
  const { run, base } = opened.routes.get("/target")!;
  const asking = { caller: "bench", operationMs: 30_000, signal };
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  await inLanes(numbers, LANES, async (n) => {
    const { number, given, family, title, department } = joiner(n, count);
    const body = {
      schemas,
      externalId: number,
      userName: `${given}.${family}${n}`,
      name: { givenName: given, familyName: family },
      displayName: `${given} ${family}`,
      title,
      active: true,
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department },
    };
    await run({ name: "create", type: "User", body, query: {}, context: contextFor(base, asking) });
  });
}
