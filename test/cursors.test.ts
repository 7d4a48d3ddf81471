import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { openHr, startHr } from "./servers/databases.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";

// A cursor is taken by every gateway with the same configuration: replicas behind a balancer serve the pages of one list in turn.

type Config = Parameters<typeof startGateway>[0];
interface Backend {
  readonly config: Config;
  readonly stop: () => unknown;
}

const backends: Record<string, () => Promise<Backend>> = {
  PostgreSQL: async () => {
    const database = await startHr("postgres");
    return { config: openHr(database), stop: database.stop };
  },
  OpenLDAP: async () => {
    const slapd = await startSlapd();
    return { config: openLdap(slapd, ROOT), stop: slapd.stop };
  },
  "another SCIM server": async () => {
    const upstream = await startGateway(legacyHr());
    const auth = { type: "bearer", token: upstream.token };
    const kinds = { user: { endpoint: "/Users" } };
    return {
      config: withMapping({ upstream: { type: "scim", url: upstream.base, auth, kinds, pageSize: 9 } }, "upstream"),
      stop: upstream.stop,
    };
  },
  "an API with addresses of its own for its pages": () => startApi({ by: "next", size: 9, next: "next" }),
  "an API with cursors": () => startApi({ by: "cursor", size: 9, next: "cursor" }),
  "an API with page numbers": () => startApi({ by: "number", size: 9 }),
};

/** A configuration with one mapping, of attributes that are called as SCIM calls them. */
function withMapping(connectors: object, connector: string): Config {
  const folder = mkdtempSync(join(tmpdir(), "postern-cursors-"));
  const mapping = join(folder, "user.yaml");
  writeFileSync(
    mapping,
    stringify({
      resource: "User",
      kind: "user",
      attributes: { id: { attr: "id", readOnly: true }, userName: "userName" },
    }),
  );
  afterAll(() => rmSync(folder, { recursive: true }));
  return { connectors, routes: { "/scim/v2": { User: { connector, mapping } } } };
}

/** An API of people in memory, whose lists go on by the number of those before, in whatever words. */
async function startApi(page: object): Promise<Backend> {
  const people: { id: string; userName: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url!, "http://api");
    const answer = (body: unknown, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.method === "POST") {
      people.push({ ...JSON.parse(Buffer.concat(chunks).toString()), id: String(people.length + 1) });
      return answer(people.at(-1), 201);
    }
    const id = pathname.split("/")[2];
    const found = people.find((each) => each.id === id);
    if (id !== undefined) return answer(found ?? {}, found ? 200 : 404);
    const from =
      Number(searchParams.get("from") ?? searchParams.get("cursor") ?? 0) ||
      9 * (Number(searchParams.get("page") ?? 1) - 1);
    const end = Math.min(people.length, from + 9);
    const next = end < people.length ? { next: `/people?from=${end}`, cursor: String(end) } : {};
    return answer({ people: people.slice(from, end), total: people.length, ...next });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const kind = {
    key: "id",
    get: { path: "/people/{$key}" },
    search: { path: "/people", query: { cursor: "$cursor", page: "$page" }, items: "people", total: "total", page },
    create: [{ method: "POST", path: "/people", body: "$" }],
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = { type: "apiKey", headers: { "x-key": "of-the-tests" } };
  return {
    config: withMapping({ api: { type: "rest", url, auth, kinds: { user: kind } } }, "api"),
    stop: () => server.close(),
  };
}

describe.each(Object.keys(backends))("cursors of %s", (name) => {
  let backend: Backend;
  let replicas: [TestGateway, TestGateway];
  const ids: string[] = [];
  beforeAll(async () => {
    backend = await backends[name]!();
    replicas = [await startGateway(backend.config), await startGateway(backend.config)];
    for (let n = 0; n < 23; n++) {
      const made = await send(replicas[0], "POST", "/Users", { userName: `person${n}`, name: { familyName: `P${n}` } });
      expect(made.status).toBe(201);
    }
    const all = await send(replicas[0], "GET", "/Users?count=1000");
    ids.push(...all.json.Resources.map(({ id }: { id: string }) => id));
  }, 60_000);
  afterAll(async () => {
    await Promise.all((replicas ?? []).map((each) => each.stop()));
    await backend?.stop();
  });

  test.each(["/Users?", "/?"])("lead two gateways in turn through the list, each entry once: %s", async (path) => {
    const seen: string[] = [];
    for (let [cursor, turn]: [string | undefined, number] = ["", 0]; cursor !== undefined; turn++) {
      const query = `${path}attributes=userName&count=4&cursor=${encodeURIComponent(cursor)}`;
      const { status, json } = await send(replicas[turn % 2]!, "GET", query);
      expect(status).toBe(200);
      seen.push(...json.Resources.map(({ id }: { id: string }) => id));
      cursor = json.nextCursor as string | undefined;
    }
    for (const id of ids) expect(seen).toContain(id);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("hold nothing that a client could turn elsewhere", async () => {
    const first = await send(replicas[0], "GET", "/Users?count=4&cursor=");
    const [mark, ...place] = JSON.parse(Buffer.from(first.json.nextCursor, "base64url").toString());
    for (const wrong of [
      ["../../admin"],
      [1e15],
      [4, 4, "forged"],
      [...place, "more"],
      [{ url: "/secrets" }],
      [null],
    ]) {
      const cursor = Buffer.from(JSON.stringify([mark, ...wrong])).toString("base64url");
      const { status, json } = await send(replicas[1], "GET", `/Users?count=4&cursor=${cursor}`);
      // A number beyond the end is a place, where nobody is; any text is behind some keys.
      if (status === 200) expect(json.Resources.length).toBeLessThanOrEqual(4);
      else expect([status, json.scimType]).toEqual([400, expect.stringMatching(/^(expired|invalid)Cursor$/)]);
    }
  });
});
