// node bench/overload.ts: ten times what the gateway can do, for 30 seconds. What is admitted must not take much longer than at capacity, the
// rest must be 429 or 503, memory must stay bounded, health green, and after it all must be as before.
import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { SUFFIX } from "../test/servers/slapd.ts";
import { startBench, TOKEN, uuid } from "./openldap.ts";

const USERS = 1000;
const SECONDS = 10;
const OVERLOAD_SECONDS = 30;
const TIMES = 10;

const person = (n: number) =>
  `dn: uid=user${n},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nentryUUID: ${uuid(n)}\nuid: user${n}\ncn: User ${n}\nsn: Number${n}\n`;
const { gateway, stop } = await startBench(Array.from({ length: USERS }, (_, n) => person(n)).join("\n"));
const url = `http://127.0.0.1:${gateway.port}`;

interface Round {
  readonly admitted: number;
  readonly p50: number;
  readonly p99: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly lost: number;
}

/** Sends so much for so long, and looks at what was admitted, in milliseconds and for each second. */
async function round(connections: number, seconds: number): Promise<Round> {
  const times: number[] = [];
  const statuses = new Map<number, number>();
  let n = 0;
  const headers = { authorization: `Bearer ${TOKEN}` };
  const setupRequest: autocannon.Request["setupRequest"] = (request) => ({
    ...request,
    path: `/scim/v2/Users/${uuid(n++ % USERS)}`,
    headers,
  });
  const options = { url, connections, duration: seconds, timeout: 30, requests: [{ setupRequest }] };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(options, (error, done) => (error ? reject(error) : resolve(done)));
    instance.on("response", (_client, status, _bytes, time) => {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 200) times.push(time);
    });
  });
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    admitted: times.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    statuses,
    lost: result.errors + result.timeouts,
  };
}

/** Asks for its health ten times a second, for as long as it is to. */
function watchHealth() {
  const answers: { ok: boolean; ms: number }[] = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const start = performance.now();
      const ok = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) }).then(
        (response) => response.ok,
        () => false,
      );
      answers.push({ ok, ms: performance.now() - start });
      await sleep(100);
    }
  })();
  return async () => {
    going = false;
    await done;
    return {
      asked: answers.length,
      red: answers.filter(({ ok }) => !ok).length,
      slowest: Math.max(...answers.map(({ ms }) => ms)),
    };
  };
}

const CONNECTIONS = Number(process.argv[2] ?? 192);
await round(CONNECTIONS, 5);
const before = gateway.memory();
const capacity = await round(CONNECTIONS, SECONDS);
const health = watchHealth();
const overload = await round(CONNECTIONS * TIMES, OVERLOAD_SECONDS);
const healthDuring = await health();
const during = gateway.memory();
await sleep(2000);
const after = await round(CONNECTIONS, SECONDS);

const line = (name: string, connections: number, { admitted, p50, p99, statuses, lost }: Round, seconds: number) => {
  const refused = [...statuses]
    .filter(([status]) => status !== 200)
    .map(([status, count]) => `${status}: ${Math.round(count / seconds)}`);
  console.log(
    `| ${[name, connections, Math.round(admitted), Math.round(p50), Math.round(p99), refused.join(", "), lost].join(" | ")} |`,
  );
};
console.log(
  "| | connections | admitted/s | p50 ms | p99 ms | refused/s | lost |\n| --- | ---: | ---: | ---: | ---: | --- | ---: |",
);
line("at capacity", CONNECTIONS, capacity, SECONDS);
line(`${TIMES} times as much`, CONNECTIONS * TIMES, overload, OVERLOAD_SECONDS);
line("afterwards", CONNECTIONS, after, SECONDS);
console.log(`\np99 of what was admitted: ${(overload.p99 / capacity.p99).toFixed(2)} of that at capacity`);
console.log(
  `memory: ${before.now} MB resident before, ${during.now} MB at the end of it, ${during.most} MB at the most`,
);
console.log(
  `health: asked ${healthDuring.asked} times, ${healthDuring.red} times not green, slowest ${Math.round(healthDuring.slowest)} ms`,
);
await stop();
process.exit();
