import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Connector } from "../../src/connector/connector.ts";
import { lent } from "../../test/servers/lent.ts";
import rest from "./index.ts";

/** An API whose ids are numbers beyond 2^53, which most parsers of JSON take for one another. */
describe("an API whose ids are 64-bit numbers", () => {
  const ANN = "9007199254740993";
  const BOB = "9007199254740992";
  const people = new Map([
    [ANN, `{"id":${ANN},"name":"ann","manager":${BOB},"groups":[18446744073709551615,7],"phone":"${BOB}"}`],
    [BOB, `{"id":${BOB},"name":"bob","manager":null,"groups":[],"phone":"1"}`],
  ]);
  const written: string[] = [];
  let connector: Connector;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += part;
      const url = new URL(request.url!, "http://x");
      const id = url.pathname.split("/")[2];
      if (body) written.push(body);
      const answer = (status: number, text = "") =>
        response.writeHead(status, { "content-type": "application/json" }).end(text);
      if (request.method === "POST") {
        const made = "9007199254740995";
        people.set(made, body.replace("{", `{"id":${made},`));
        return answer(201, `{"id":${made}}`);
      }
      if (id === undefined) {
        const name = url.searchParams.get("name");
        const found = [...people.values()].filter((each) => name === null || each.includes(`"name":"${name}"`));
        return answer(200, `[${found}]`);
      }
      if (!people.has(id)) return answer(404);
      if (request.method === "DELETE") people.delete(id);
      if (request.method === "PUT") people.set(id, body);
      return answer(200, people.get(id));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const one = { path: "/people/{$key}" };
    const settings = rest.config.parse({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      kinds: {
        person: {
          key: "id",
          get: one,
          search: { path: "/people", query: { name: "$where" }, items: "$" },
          create: { method: "POST", path: "/people", body: "$" },
          update: { method: "PUT", ...one, body: "$" },
          delete: { method: "DELETE", ...one },
          attributes: { name: { filter: { eq: "$value" } } },
        },
      },
    });
    connector = rest.open(settings, lent("/"));
    close = async () => {
      await connector.close();
      server.close();
    };
  });
  afterAll(() => close());
  const request = () => ({ kind: "person", signal: AbortSignal.timeout(5000) });

  test("finds the one that is asked for, with its references as they are", async () => {
    const where = { op: "eq", attr: "name", value: "ann" } as const;
    const attrs = ["id", "name", "manager", "groups", "phone"];
    const { entries } = await connector.search({ ...request(), where, attrs, limit: 10, count: false });
    const ann = { id: ANN, name: "ann", manager: BOB, groups: ["18446744073709551615", 7], phone: BOB };
    expect(entries).toEqual([ann]);
    expect(await connector.get({ ...request(), key: ANN, attrs })).toEqual(ann);
    expect(await connector.get({ ...request(), key: "9007199254740994", attrs })).toBeUndefined();
  });

  test("sends the whole object back with its numbers as they were", async () => {
    await connector.update({
      ...request(),
      key: ANN,
      changes: [{ op: "replace", attr: "name", values: ["anna"] }],
      attrs: [],
    });
    expect(written.at(-1)).toBe(
      `{"id":${ANN},"name":"anna","manager":${BOB},"groups":[18446744073709551615,7],"phone":"${BOB}"}`,
    );
  });

  test("makes, and deletes, the one that is meant", async () => {
    const made = await connector.create({
      ...request(),
      entry: { name: "carol", manager: ANN },
      attrs: ["id", "manager"],
    });
    expect(made).toEqual({ id: "9007199254740995", manager: ANN });
    expect(written.at(-1)).toContain(`"manager":${ANN}`);
    await connector.delete({ ...request(), key: ANN });
    expect([...people.keys()]).toEqual([BOB, "9007199254740995"]);
  });
});
