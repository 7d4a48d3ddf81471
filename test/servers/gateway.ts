import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { start } from "../../src/compose/compose.ts";
import type { Client } from "../clients/replay.ts";
import { registry } from "./registry.ts";

export const TOKEN = "a-token-that-is-for-tests-only";
export const ROOT = join(import.meta.dirname, "../..");

export interface TestGateway extends Client {
  readonly url: string;
  /** The operators' address, where there is one. */
  readonly operations: string | undefined;
  /** Resolves once each connector has been asked whether it answers. */
  readonly probed: Promise<unknown>;
  /** The configuration's folder. */
  readonly folder: string;
  /** Writes another configuration, and reads it; says whether it was taken. */
  readonly reload: (config: object) => boolean;
  readonly stop: () => Promise<void>;
}

/** How long backends that do not answer are waited for, in milliseconds. */
const PROBED_MS = 1000;

/** Starts the gateway on a port of its own, with a configuration's connectors and routes. */
export async function startGateway(config: {
  connectors: object;
  routes: object;
  [more: string]: object;
}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "postern-"));
  const file = join(folder, "gateway.config.yaml");
  const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
  const write = (given: object) =>
    writeFileSync(file, stringify({ server: { port: 0 }, log: { level: "error" }, auth, ...given }));
  write(config);
  const running = await start(registry, file, {});
  // What tests count and break is theirs alone: the gateway's own questions come before.
  await Promise.race([running.probed, sleep(PROBED_MS)]);
  return {
    url: running.url,
    base: running.url + (running.routes[0] ?? ""),
    token: TOKEN,
    operations: running.operations,
    probed: running.probed,
    folder,
    reload: (given) => {
      write(given);
      return running.reload();
    },
    stop: async () => {
      await running.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Starts the gateway before a server of its own: the two end together. */
export async function startBefore(
  server: { readonly stop: () => Promise<void> },
  config: Parameters<typeof startGateway>[0],
): Promise<TestGateway> {
  const gateway = await startGateway(config);
  const stop = async () => {
    await gateway.stop();
    await server.stop();
  };
  return { ...gateway, stop };
}

/** The embedded example's database, in memory. */
export const legacyHr = () => ({
  connectors: {
    hr: {
      type: "sql",
      dialect: "sqlite",
      file: ":memory:",
      create: true,
      script: join(ROOT, "mappings/legacy-hr/seed.sql"),
      kinds: {
        person: {
          table: "people",
          lists: { team_ids: { table: "team_members", owner: "person_id", value: "team_id" } },
        },
        team: {
          table: "teams",
          lists: { member_ids: { table: "team_members", owner: "team_id", value: "person_id" } },
        },
      },
    },
  },
  routes: {
    "/scim/v2": {
      User: { connector: "hr", mapping: join(ROOT, "mappings/legacy-hr/user.yaml") },
      Group: { connector: "hr", mapping: join(ROOT, "mappings/legacy-hr/group.yaml") },
    },
  },
});

/** Gadgets, a resource type with an attribute of every kind, on SQLite. */
export const gadgets = () => ({
  connectors: {
    things: {
      type: "sql",
      dialect: "sqlite",
      file: ":memory:",
      script: join(ROOT, "test/tables/gadget.sql"),
      kinds: {
        gadget: {
          table: "gadgets",
          lists: {
            tags: { table: "gadget_tags", owner: "gadget_id", value: "tag" },
            ports: { table: "gadget_ports", owner: "gadget_id", value: "port" },
          },
        },
      },
    },
  },
  routes: { "/scim/v2": { Gadget: { connector: "things", mapping: join(ROOT, "test/tables/gadget.yaml") } } },
});

/** The embedded example's mappings, on entries in memory. */
export const inMemory = () => ({
  connectors: { hr: { type: "memory", kinds: { person: { unique: ["login"] }, team: { unique: ["name"] } } } },
  routes: {
    "/scim/v2": {
      User: { connector: "hr", mapping: join(ROOT, "mappings/legacy-hr/user.yaml") },
      Group: { connector: "hr", mapping: join(ROOT, "mappings/legacy-hr/group.yaml") },
    },
  },
});
