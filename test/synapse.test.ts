import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { send } from "./clients/replay.ts";
import { ROOT, startBefore, type TestGateway } from "./servers/gateway.ts";
import { startSynapse } from "./servers/synapse.ts";
import { isOfGroups, lifecycleWithGaps } from "./suites/lifecycle.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
/** Steps of Entra's that Synapse has nothing for, each with what it lacks: docs/guides/synapse.md names the same. */
const gaps: Record<string, string> = {
  "create a user": "the phone numbers and the rest that are expected back",
  read: "phone numbers",
  "is the manager set?": "manager",
  "see it all": "title, names, department",
  "see that too": "names",
  "create the group": "groups",
  "is it a member?": "groups",
  "read the group without members": "groups",
  "one is left": "groups",
  "same id under the new name": "groups",
  "same id after the rename": "renaming",
};

describe("Synapse's API of administration", () => {
  let synapse: Awaited<ReturnType<typeof startSynapse>>;
  let gateway: TestGateway;
  beforeAll(async () => {
    synapse = await startSynapse();
    const config = read("examples/synapse/gateway.config.yaml").replaceAll(":example.com", ":example.test");
    const { connectors } = parse(config);
    gateway = await startBefore(synapse, {
      connectors: {
        synapse: {
          ...connectors.synapse,
          url: `${synapse.url}/_synapse/admin`,
          auth: { type: "bearer", token: synapse.token },
        },
      },
      routes: { "/scim/v2": { User: { connector: "synapse", mapping: join(ROOT, "mappings/synapse/user.yaml") } } },
    });
  }, 120_000);
  afterAll(() => gateway.stop());

  lifecycleWithGaps(
    "its model reaches",
    () => gateway,
    (step) => isOfGroups(step) || gaps[step.name] !== undefined,
  );

  const user = (userName: string, more: object = {}) => ({ userName, displayName: userName, ...more });
  const list = async (query: string) => (await send(gateway, "GET", `/Users?${query}`)).json;
  const mails = (value: string) => ({ emails: [{ type: "work", value }] });

  test("a list of briefs gives what each user has by itself, and only where that is wanted", async () => {
    for (let n = 0; n < 5; n++)
      expect((await send(gateway, "POST", "/Users", user(`brief${n}`, mails(`brief${n}@x.test`)))).status).toBe(201);
    const page = await list("count=100");
    const briefs = page.Resources.filter(({ userName }: { userName: string }) => userName.startsWith("brief"));
    expect(briefs.map((each: { emails: { value: string }[] }) => each.emails[0]!.value)).toEqual(
      [0, 1, 2, 3, 4].map((n) => `brief${n}@x.test`),
    );
    expect(page.totalResults).toBe(page.Resources.length);
    const second = await list("startIndex=2&count=2&attributes=userName");
    expect(second.Resources).toHaveLength(2);
    expect(second.totalResults).toBe(page.totalResults);
  });

  test.each([
    ['emails[type eq "work"].value eq "BRIEF3@X.test"', ["brief3"]],
    ['userName eq "Brief2"', ["brief2"]],
    ['userName eq "brief2" and active eq true', ["brief2"]],
    ['userName eq "brief2" and emails.value eq "brief1@x.test"', []],
    ['userName eq "brief2" or userName eq "brief4"', ["brief2", "brief4"]],
    ['not (userName eq "brief2") and userName sw "brief"', ["brief0", "brief1", "brief3", "brief4"]],
    ['emails.value eq "nobody@x.test"', []],
    ['userName eq "no such: name / at all"', []],
  ])("a look-up has a path of its own: %s", async (filter, names) => {
    const { Resources, detail } = await list(`filter=${encodeURIComponent(filter)}`);
    expect(detail).toBeUndefined();
    expect(Resources.map(({ userName }: { userName: string }) => userName).sort()).toEqual(names);
  });

  test("a changed address leaves the others that a user has", async () => {
    const { id } = (await send(gateway, "POST", "/Users", user("several", mails("one@x.test")))).json;
    const threepids = ["one@x.test", "two@x.test"].map((address) => ({ medium: "email", address }));
    await synapse.call("PUT", `/v2/users/${encodeURIComponent(id)}`, { threepids });
    const Operations = [{ op: "replace", path: 'emails[type eq "work"].value', value: "three@x.test" }];
    const shown = (await send(gateway, "GET", `/Users/${id}`)).json.emails[0].value;
    expect((await send(gateway, "PATCH", `/Users/${id}`, { Operations })).status).toBe(200);
    const { threepids: left } = (await synapse.call("GET", `/v2/users/${encodeURIComponent(id)}`)) as {
      threepids: { address: string }[];
    };
    expect(left.map(({ address }) => address).sort()).toEqual(
      ["one@x.test", "three@x.test", "two@x.test"].filter((each) => each !== shown).sort(),
    );
  });

  test("who is deactivated is not there, nor changed or deleted once more, and comes back as the same", async () => {
    const { id } = (await send(gateway, "POST", "/Users", user("gone", mails("gone@x.test")))).json;
    expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(204);
    const Operations = [{ op: "replace", path: "displayName", value: "x" }];
    const answers = [
      await send(gateway, "GET", `/Users/${id}`),
      await send(gateway, "PATCH", `/Users/${id}`, { Operations }),
      await send(gateway, "DELETE", `/Users/${id}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await list('filter=userName eq "gone"')).totalResults).toBe(0);
    const back = await send(gateway, "POST", "/Users", user("gone", mails("back@x.test")));
    expect([back.status, back.json.id, back.json.emails[0].value]).toEqual([201, id, "back@x.test"]);
    const twice = await send(gateway, "POST", "/Users", user("gone"));
    expect([twice.status, twice.json.scimType]).toEqual([409, "uniqueness"]);
    expect(await synapse.call("GET", `/v2/users/${id}`)).toMatchObject({ deactivated: false });
  });
});
