import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, type Slapd, SUFFIX, startSlapd } from "./servers/slapd.ts";

// A directory that is too large to be listed within the time that a request has.

const COUNT = 60_000;
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const person = (n: number) =>
  `dn: uid=user${n},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nentryUUID: ${uuid(n)}\nuid: user${n}\ncn: User ${n}\nsn: User\nmail: user${n}@example.test\n`;

describe("a directory of 60,000 people", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd(Array.from({ length: COUNT }, (_, n) => person(n)).join("\n"));
  });
  afterAll(() => slapd.stop());
  const open = (more: Record<string, object> = {}) => startGateway({ ...openLdap(slapd, ROOT), ...more });
  const page = (gateway: TestGateway, cursor = "", count = 100) =>
    send(gateway, "GET", `/Users?attributes=userName&count=${count}&cursor=${encodeURIComponent(cursor)}`);
  /** Lists until the first page is there. */
  const firstPage = async (gateway: TestGateway, count = 100) => {
    for (let n = 0; n < 20; n++) {
      const answer = await page(gateway, "", count);
      if (answer.status === 200) return answer.json;
      await sleep(500);
    }
    throw new Error("there is no first page");
  };

  test("that cannot be listed in time is 503 with Retry-After, goes on being read, and is there later; look-ups go on", async () => {
    const gateway = await open({ limits: { seconds: 1 }, server: { port: 0 } });
    slapd.signal("SIGSTOP");
    const [late, gone] = await Promise.all([
      page(gateway),
      fetch(`${gateway.base}/Users?cursor=`, {
        headers: { Authorization: `Bearer ${gateway.token}` },
        signal: AbortSignal.timeout(300),
      }).catch((error: Error) => error.name),
      sleep(1100).then(() => slapd.signal("SIGCONT")),
    ]);
    expect(gone).toBe("TimeoutError");
    expect(late.status).toBe(503);
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
    const found = await send(gateway, "GET", '/Users?filter=userName%20eq%20"user7"');
    expect(found.json.totalResults).toBe(1);
    expect((await firstPage(gateway)).totalResults).toBe(COUNT);
    await gateway.stop();
  });

  test("is crawled by cursor, each entry once, while entries are made and deleted through the gateway", async () => {
    const gateway = await open({ limits: { pageSize: 1000 } });
    let { Resources, nextCursor, totalResults } = await firstPage(gateway, 1000);
    expect(totalResults).toBe(COUNT);
    const seen: string[] = Resources.map(({ id }: { id: string }) => id);
    const deleted = [uuid(30_000), uuid(COUNT - 1)];
    for (const id of deleted) expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(204);
    const made = await send(gateway, "POST", "/Users", { userName: "made-meanwhile", displayName: "M" });
    while (nextCursor) {
      const { json, text } = await page(gateway, nextCursor, 1000);
      expect(json.Resources?.length, text).toBeGreaterThan(0);
      seen.push(...json.Resources.map(({ id }: { id: string }) => id));
      totalResults = json.totalResults;
      nextCursor = json.nextCursor;
    }
    expect(totalResults).toBe(COUNT - 1);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(COUNT - 1);
    expect(seen).toContain(made.json.id);
    expect(seen.filter((id) => deleted.includes(id))).toEqual([]);
    await send(gateway, "DELETE", `/Users/${made.json.id}`);
    await gateway.stop();
  });

  test("whose entries are deleted beside the gateway is listed on, without an empty page", async () => {
    const gateway = await open();
    const { nextCursor } = await firstPage(gateway);
    const gone = Array.from(
      { length: 300 },
      (_, n) => `dn: uid=user${n + 100},ou=people,${SUFFIX}\nchangetype: delete\n`,
    );
    slapd.ldapmodify(gone.join("\n"));
    const next = (await page(gateway, nextCursor)).json;
    expect(next.Resources).toHaveLength(100);
    expect(next.Resources[0].userName).toBe("user400");
    slapd.ldapmodify(
      Array.from({ length: 300 }, (_, n) =>
        person(n + 100)
          .replace(/entryUUID.*\n/, "")
          .replace("\n", "\nchangetype: add\n"),
      ).join("\n"),
    );
    await gateway.stop();
  });

  test("listed by more clients than there are places keeps no look-up and no write waiting", async () => {
    const connectors = openLdap(slapd, ROOT).connectors;
    const directory = { ...connectors.directory, resilience: { concurrency: 8, queue: 4 } };
    const gateway = await open({ connectors: { directory }, limits: { seconds: 3 } });
    // Four places are for listings, and four wait for theirs.
    slapd.signal("SIGSTOP");
    const listings = Promise.all(Array.from({ length: 12 }, () => page(gateway)));
    await sleep(300);
    slapd.signal("SIGCONT");
    const looked = await Promise.all(
      Array.from({ length: 4 }, (_, n) => send(gateway, "GET", `/Users/${uuid(50_000 + n)}`)),
    );
    expect(looked.map(({ status }) => status)).toEqual(Array(4).fill(200));
    // Four were asked for, four waited, and the other four were refused at once.
    const refused = (await listings).filter(({ text }) => text.includes("is at capacity: 4 operations"));
    expect(refused).toHaveLength(4);
    await gateway.stop();
  });

  test("is listed in the order of an attribute, too, by its places", async () => {
    const gateway = await open({ limits: { pageSize: 1000, seconds: 20 } });
    const list = async (sortOrder: string, cursor = "") =>
      (
        await send(
          gateway,
          "GET",
          `/Users?attributes=userName&sortBy=userName&sortOrder=${sortOrder}&count=1000&cursor=${encodeURIComponent(cursor)}`,
        )
      ).json;
    const names: string[] = [];
    for (let cursor: string | undefined = "", n = 0; cursor !== undefined && n < 5; n++) {
      const { Resources, nextCursor } = await list("descending", cursor);
      names.push(...Resources.map(({ userName }: { userName: string }) => userName));
      cursor = nextCursor;
    }
    expect(names).toEqual(names.toSorted().reverse());
    expect(names[0]).toBe("user9999");
    await gateway.stop();
  });
});
