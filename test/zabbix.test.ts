import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { send } from "./clients/replay.ts";
import { ROOT, startBefore, type TestGateway } from "./servers/gateway.ts";
import { startZabbix } from "./servers/zabbix.ts";
import { lifecycleWithGaps } from "./suites/lifecycle.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
/** Steps of Entra's that Zabbix has nothing for, each with what it lacks: docs/guides/zabbix.md names the same. */
const gaps: Record<string, string> = {
  read: "phone numbers, and a display name",
  "is the manager set?": "manager",
  "see it all": "title, department",
  "see that too": "a display name",
};

describe("Zabbix' JSON-RPC API", () => {
  let zabbix: Awaited<ReturnType<typeof startZabbix>>;
  let gateway: TestGateway;
  beforeAll(async () => {
    zabbix = await startZabbix();
    const { connectors } = parse(read("examples/zabbix/gateway.config.yaml"));
    const { auth } = connectors.zabbix;
    const body = { ...auth.body, params: zabbix.account };
    const mapping = (file: string) => join(ROOT, "mappings/zabbix", file);
    gateway = await startBefore(zabbix, {
      connectors: { zabbix: { ...connectors.zabbix, url: zabbix.url, auth: { ...auth, body } } },
      routes: {
        "/scim/v2": {
          User: { connector: "zabbix", mapping: mapping("user.yaml") },
          Group: { connector: "zabbix", mapping: mapping("group.yaml"), patchResponse: "resource" },
        },
      },
    });
  }, 120_000);
  afterAll(() => gateway.stop());

  lifecycleWithGaps(
    "its model reaches",
    () => gateway,
    ({ name }) => gaps[name] !== undefined,
  );

  const user = (userName: string, more: object = {}) => ({
    userName,
    name: { givenName: "Grace", familyName: "Hopper" },
    ...more,
  });
  const list = async (query: string) => (await send(gateway, "GET", `/Users?${query}`)).json;

  test("a page begins anywhere, and the total is a call of its own", async () => {
    for (let n = 0; n < 7; n++) {
      const made = await send(gateway, "POST", "/Users", user(`page${n}@x.test`));
      expect(made.status, made.text).toBe(201);
    }
    const filter = `filter=${encodeURIComponent('userName sw "page"')}`;
    const first = await list(`${filter}&count=3`);
    const last = await list(`${filter}&startIndex=6&count=3`);
    expect([first.totalResults, last.totalResults]).toEqual([7, 7]);
    const names = (found: { Resources: { userName: string }[] }) => found.Resources.map(({ userName }) => userName);
    expect(names(first)).toEqual(["page0@x.test", "page1@x.test", "page2@x.test"]);
    expect(names(last)).toEqual(["page5@x.test", "page6@x.test"]);
    const all = await list("count=100");
    expect(all.totalResults).toBe(all.Resources.length);
  });

  test("what the API says with 200 is told as what it means", async () => {
    const again = await send(gateway, "POST", "/Users", user("page1@x.test"));
    expect([again.status, again.json.scimType]).toEqual([409, "uniqueness"]);
    const weak = await send(gateway, "POST", "/Users", user("weak@x.test", { password: "x" }));
    expect([weak.status, weak.json.detail]).toEqual([400, expect.stringContaining("at least 8 characters")]);
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const Operations = [{ op: "replace", path: "name.givenName", value: "x" }];
      const { status } = await send(gateway, method, "/Users/4711", method === "PATCH" ? { Operations } : undefined);
      expect(status, method).toBe(404);
    }
    expect((await send(gateway, "GET", "/Users/01")).status).toBe(404);
  });

  test("a changed address leaves the other media, and being disabled the other groups", async () => {
    const { id } = (
      await send(gateway, "POST", "/Users", user("media@x.test", { emails: [{ type: "work", value: "a@x.test" }] }))
    ).json;
    const of = async () =>
      (
        (await zabbix.call("user.get", {
          userids: id,
          selectMedias: ["mediatypeid", "sendto", "severity"],
          selectUsrgrps: ["usrgrpid"],
        })) as { medias: object[]; usrgrps: object[] }[]
      )[0]!;
    const sms = { mediatypeid: "3", sendto: "+4722", severity: "7" };
    await zabbix.call("user.update", {
      userid: id,
      medias: [
        { mediatypeid: "1", sendto: ["a@x.test", "a2@x.test"], severity: "5" },
        { mediatypeid: "1", sendto: ["c@x.test"] },
        sms,
      ],
    });
    const shown = (await send(gateway, "GET", `/Users/${id}`)).json.emails[0].value;
    const others = ["a@x.test", "a2@x.test", "c@x.test"].filter((each) => each !== shown);
    const addresses = async () => (await of()).medias as { sendto: string[] | string; severity: string }[];
    const patch = (path: string, value: unknown) =>
      send(gateway, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path, value }] });
    expect((await patch('emails[type eq "work"].value', "b@x.test")).json.emails[0].value).toBe("b@x.test");
    expect((await of()).medias).toEqual(expect.arrayContaining([expect.objectContaining(sms)]));
    expect((await addresses()).flatMap(({ sendto }) => sendto).sort()).toEqual(["+4722", "b@x.test", ...others].sort());
    expect((await addresses()).map(({ severity }) => severity).sort()).toEqual(["5", "63", "7"]);
    expect((await patch("active", false)).json.active).toBe(false);
    expect((await of()).usrgrps).toEqual(expect.arrayContaining([{ usrgrpid: "8" }, { usrgrpid: "9" }]));
    expect((await patch("active", true)).json.active).toBe(true);
    expect((await of()).usrgrps).toEqual([{ usrgrpid: "8" }]);
    expect((await of()).medias).toHaveLength(3);
  });

  test("a session that is over is made anew, though the API says so with 200", async () => {
    zabbix.database.run("delete from zabbix.sessions;");
    const answers = await Promise.all(["page0", "page1", "page2"].map((name) => list(`filter=userName sw "${name}"`)));
    expect(answers.map(({ totalResults }) => totalResults)).toEqual([1, 1, 1]);
  });
});
