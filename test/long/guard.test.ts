import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "../clients/replay.ts";
import { type Database, startPostgres, stateIn } from "../servers/databases.ts";
import { legacyHr, ROOT, TOKEN } from "../servers/gateway.ts";

const route = "/scim/v2";
const PROCESSES = 3;
const DELETES = 4;
const DISABLES = 3;

interface Client {
  readonly base: string;
  readonly token: string;
}

type Change = readonly ["delete" | "disable" | "enable" | "rename", entry: number, gateway: number];

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom("delete", "disable", "enable", "rename"),
  fc.nat(11),
  fc.nat(PROCESSES - 1),
);

describe.each(["SQLite", "PostgreSQL"])("the guard over several processes that count in %s", (store) => {
  let folder: string;
  let end: () => Promise<unknown>;
  let database: Database | undefined;
  const clients: Client[] = [];

  beforeAll(async () => {
    database = store === "PostgreSQL" ? await startPostgres() : undefined;
    folder = mkdtempSync(join(tmpdir(), "postern-guards-"));
    const file = join(folder, "gateway.config.yaml");
    const { connectors, routes } = legacyHr();
    const config = {
      server: { port: 0 },
      log: { level: "error" },
      ...(database && { state: stateIn(database) }),
      auth: [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }],
      connectors: { hr: { ...connectors.hr, file: join(folder, "hr.db") } },
      // A route for each run: each has counts of its own.
      routes: Object.fromEntries(Array.from({ length: RUNS }, (_, n) => [`${route}/${n}`, routes[route]])),
      safety: Object.fromEntries(
        Array.from({ length: RUNS }, (_, n) => [`${route}/${n}`, { guard: { deletes: DELETES, disables: DISABLES } }]),
      ),
    };
    writeFileSync(file, stringify(config));
    const children: ChildProcess[] = [];
    for (let n = 0; n < PROCESSES; n++) {
      const child = fork(join(ROOT, "test/servers/process.ts"), [file], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      const { port } = await new Promise<{ port: number }>((resolve, reject) => {
        child.once("message", (each) => resolve(each as never));
        child.once("exit", () => reject(new Error("the gateway did not start")));
      });
      clients.push({ base: `http://127.0.0.1:${port}`, token: TOKEN });
      children.push(child);
    }
    end = () =>
      Promise.all(
        children.map(
          (child) =>
            new Promise((resolve) => {
              child.once("exit", resolve);
              child.kill("SIGTERM");
            }),
        ),
      );
  });
  afterAll(async () => {
    await end();
    await database?.stop();
    rmSync(folder, { recursive: true });
  });

  const RUNS = 60;
  test(`${RUNS} drawn rounds of changes at once: no more entries are deleted and disabled than are allowed, and all that are`, async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 20, maxLength: 60 }), async (changes) => {
        const at = `${route}/${run++ % RUNS}`;
        const on = ({ base, token }: Client) => ({ base: base + at, token });
        const ids: string[] = [];
        for (let n = 0; n < 12; n++) {
          const made = await send(on(clients[n % PROCESSES]!), "POST", "/Users", {
            userName: `user ${run} ${n}`,
            active: true,
          });
          expect(made.status, made.text).toBe(201);
          ids.push(made.json.id);
        }
        const answers = await Promise.all(
          changes.map(async ([what, entry, gateway]) => {
            const client = on(clients[gateway]!);
            const path = `/Users/${ids[entry]}`;
            const { status, text } =
              what === "delete"
                ? await send(client, "DELETE", path)
                : await send(client, "PATCH", path, {
                    Operations: [
                      what === "rename"
                        ? { op: "replace", path: "title", value: "Chief" }
                        : { op: "replace", path: "active", value: what === "enable" },
                    ],
                  });
            // One process waits for another that writes: nothing but the guard holds anything back.
            if (status === 503) expect(text).toContain("change guard");
            return { what, entry, status };
          }),
        );
        const entries = (what: string, ...of: number[]) =>
          new Set(answers.filter((each) => each.what === what && of.includes(each.status)).map(({ entry }) => entry));
        const [deleted, disabled] = [entries("delete", 204), entries("disable", 200)];
        expect(deleted.size).toBeLessThanOrEqual(DELETES);
        expect(disabled.size).toBeLessThanOrEqual(DISABLES);
        // Places are not lost: where a deletion was held back, as many have been made as may be.
        if (entries("delete", 503).size > 0) expect(deleted.size).toBe(DELETES);
        expect(answers.filter(({ what, status }) => what === "rename" && status === 503)).toEqual([]);
        for (const [n, id] of ids.entries())
          expect((await send(on(clients[0]!), "GET", `/Users/${id}`)).status).toBe(deleted.has(n) ? 404 : 200);
      }),
      { numRuns: RUNS, seed: Number(process.env.SEED ?? 1), endOnFailure: true },
    );
  }, 600_000);
});
