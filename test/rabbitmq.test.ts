import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { runExchanges } from "../src/cli/exchanges.ts";
import { recordCommand } from "../src/cli/record.ts";
import { send } from "./clients/replay.ts";
import { ROOT, startBefore, type TestGateway } from "./servers/gateway.ts";
import { startRabbitMq } from "./servers/rabbitmq.ts";
import { registry } from "./servers/registry.ts";
import { isOfGroups, lifecycleWithGaps } from "./suites/lifecycle.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** Steps of Entra's that RabbitMQ has nothing for, each with what it lacks: docs/guides/rabbitmq.md names the same. */
const gaps: Record<string, string> = {
  "create a user": "the phone numbers and the rest that are expected back",
  "match by work mail": "e-mail",
  read: "phone numbers",
  "is the manager set?": "manager",
  "see it all": "title, names, e-mail, department",
  "see that too": "display name, names",
  "create the group": "groups",
  "is it a member?": "groups",
  "read the group without members": "groups",
  "one is left": "groups",
  "same id under the new name": "groups",
  "rename the user": "renaming",
  "same id after the rename": "renaming",
};

describe("RabbitMQ's management API", () => {
  let rabbit: Awaited<ReturnType<typeof startRabbitMq>>;
  let gateway: TestGateway;
  beforeAll(async () => {
    rabbit = await startRabbitMq();
    const { connectors } = parse(read("examples/rabbitmq/gateway.config.yaml"));
    gateway = await startBefore(rabbit, {
      connectors: { rabbit: { ...connectors.rabbit, url: rabbit.url, auth: rabbit.auth } },
      routes: { "/scim/v2": { User: { connector: "rabbit", mapping: join(ROOT, "mappings/rabbitmq/user.yaml") } } },
    });
  });
  afterAll(() => gateway.stop());

  lifecycleWithGaps(
    "its model reaches",
    () => gateway,
    (step) => isOfGroups(step) || gaps[step.name] !== undefined,
  );

  test("a user is made with tags and a password that it signs in by, changed without losing it, and disabled", async () => {
    const user = { userName: "ann", password: "a password of hers", active: true, roles: [{ value: "monitoring" }] };
    const made = await send(gateway, "POST", "/Users", user);
    expect([made.status, made.json.id, made.json.roles]).toEqual([201, "ann", [{ value: "monitoring" }]]);
    const signsIn = async (password: string) => {
      const authorization = `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`;
      return (await fetch(`${rabbit.url}/whoami`, { headers: { authorization } })).status;
    };
    expect(await signsIn("a password of hers")).toBe(200);

    const Operations = [
      { op: "add", path: "roles", value: [{ value: "policymaker" }] },
      { op: "replace", path: "active", value: false },
    ];
    const changed = await send(gateway, "PATCH", "/Users/ann", { Operations });
    expect(changed.json).toMatchObject({ active: false, roles: [{ value: "monitoring" }, { value: "policymaker" }] });
    expect((await rabbit.call("GET", "/users/ann")).json).toMatchObject({
      tags: ["monitoring", "policymaker"],
      limits: { "max-connections": 0 },
    });
    expect(await signsIn("a password of hers")).toBe(200);
    expect((await send(gateway, "DELETE", "/Users/ann")).status).toBe(204);
    expect((await rabbit.call("GET", "/users/ann")).status).toBe(404);
  });

  test("a user that is there is never replaced by a creation, although PUT would", async () => {
    await rabbit.call("PUT", "/users/bo", { password: "his own", tags: "administrator" });
    const refused = await send(gateway, "POST", "/Users", { userName: "bo" });
    expect([refused.status, refused.json.scimType]).toEqual([409, "uniqueness"]);
    expect((await rabbit.call("GET", "/users/bo")).json).toMatchObject({ tags: ["administrator"] });
  });

  test("a renaming is refused, and said to be; the same name again is none", async () => {
    const rename = (value: string) => ({ Operations: [{ op: "replace", path: "userName", value }] });
    const refused = await send(gateway, "PATCH", "/Users/bo", rename("bob"));
    expect([refused.status, refused.json.detail]).toEqual([
      400,
      "A user cannot be renamed through this API: name is its key.",
    ]);
    expect((await send(gateway, "PATCH", "/Users/bo", rename("bo"))).status).toBe(200);
  });

  test("a name is part of a path and never leads elsewhere", async () => {
    for (const userName of ["..", ".", "a/b", "../vhosts/%2F", "x?y=z#w", "é ü"]) {
      const { status, json } = await send(gateway, "POST", "/Users", { userName });
      if (userName === ".." || userName === ".")
        expect([status, json.detail]).toEqual([400, expect.stringContaining("is not a valid path segment")]);
      else {
        expect(status).toBe(201);
        const id = encodeURIComponent(userName);
        expect((await send(gateway, "GET", `/Users/${id}`)).json.userName).toBe(userName);
        expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(204);
      }
    }
  });

  test("a conversation is recorded without secrets, and played again without RabbitMQ", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-record-"));
    const config = join(folder, "gateway.config.yaml");
    const { connectors, routes } = parse(read("examples/rabbitmq/gateway.config.yaml"));
    routes["/scim/v2"].User.mapping = join(ROOT, "mappings/rabbitmq/user.yaml");
    const rabbitmq = { ...connectors.rabbit, url: rabbit.url, auth: { ...rabbit.auth, password: "${env:PASSWORD}" } };
    const auth = [{ type: "bearer", tokens: [{ name: "tests", token: "${env:SCIM_TOKEN}" }] }];
    writeFileSync(config, stringify({ auth, connectors: { rabbit: rabbitmq }, routes }));
    const out = join(folder, "user.exchanges.yaml");
    const record = (method: string, url: string, body?: unknown) =>
      recordCommand(
        registry,
        config,
        { method, url, ...(body !== undefined && { body }) },
        { out, hide: [] },
        { PASSWORD: rabbit.auth.password, SCIM_TOKEN: "0123456789abcdef" },
      );
    await record("POST", "/Users", { userName: "cy", password: "a secret of hers", active: true });
    await record("PATCH", "/Users/cy", { Operations: [{ op: "replace", path: "active", value: false }] });
    await record("GET", "/Users/nobody");
    const text = readFileSync(out, "utf8");
    for (const secret of ["a secret of hers", rabbit.auth.password, btoa(`postern:${rabbit.auth.password}`)])
      expect(text).not.toContain(secret);
    const { password_hash: hash } = (await rabbit.call("GET", "/users/cy")).json as { password_hash: string };
    expect(hash).toBeTruthy();
    expect(text).not.toContain(hash);
    expect(await runExchanges(registry, out)).toEqual([
      { name: "POST /Users", failure: undefined },
      { name: "PATCH /Users/cy", failure: undefined },
      { name: "GET /Users/nobody", failure: undefined },
    ]);
    // It is a test: another question, or another answer, fails.
    writeFileSync(out, text.replace("method: DELETE", "method: PUT"));
    expect((await runExchanges(registry, out)).filter(({ failure }) => failure !== undefined)).not.toEqual([]);
  });
});
