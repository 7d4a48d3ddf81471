import { expect, test } from "vitest";
import { distinctTexts, testConnector } from "../../src/connector/contract.ts";
import { DOMAIN, GROUPS, STAFF, startSamba } from "../../test/servers/samba.ts";
import activeDirectory from "./index.ts";

testConnector({
  open: async () => {
    const samba = await startSamba();
    const config = activeDirectory.config.parse({
      urls: [samba.url],
      bind: samba.bind,
      tls: { ca: samba.ca },
      kinds: {
        user: { base: STAFF, filter: "(&(objectCategory=person)(objectClass=user))" },
        group: { base: GROUPS, filter: "(objectCategory=group)" },
      },
    });
    const connector = activeDirectory.open(config, { folder: ".", log: { warn: () => {} } });
    const close = async () => {
      await connector.close();
      await samba.stop();
    };
    return { connector, close };
  },
  kind: "user",
  seed: (n) => ({
    cn: `Name ${n}`,
    userPrincipalName: `login${n}@corp.example.test`,
    sAMAccountName: `login${n}`,
    objectClass: ["top", "person", "organizationalPerson", "user"],
    userAccountControl: 2,
  }),
  unique: "userPrincipalName",
  texts: ["title", "displayName"],
  lists: ["otherMailbox"],
  listValues: distinctTexts(),
  absentKey: "00000000-0000-4000-8000-000000000000",
});

test("searches that are referred to other partitions say so once, and do not follow", async () => {
  const samba = await startSamba();
  const notes: object[] = [];
  const config = activeDirectory.config.parse({
    urls: [samba.url],
    bind: samba.bind,
    tls: { ca: samba.ca },
    kinds: { user: { base: DOMAIN, filter: "(objectClass=user)" } },
  });
  const connector = activeDirectory.open(config, { folder: ".", log: { warn: (fields) => notes.push(fields) } });
  const request = { kind: "user", attrs: ["objectGUID"], limit: 10, count: true, signal: AbortSignal.timeout(5000) };
  const [first, second] = [await connector.search(request), await connector.search(request)];
  expect(first.entries.length).toBeGreaterThan(0);
  expect(second.total).toBe(first.total);
  expect(notes).toEqual([
    { base: DOMAIN, refersTo: expect.arrayContaining([expect.stringContaining("CN=Configuration")]) },
  ]);
  await connector.close();
  await samba.stop();
});
