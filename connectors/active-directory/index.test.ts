import { expect, test } from "vitest";
import { lent } from "../../test/servers/lent.ts";
import { DOMAIN, GROUPS, STAFF, startSamba } from "../../test/servers/samba.ts";
import { distinctTexts, testConnector } from "../../test/suites/contract.ts";
import activeDirectory from "./index.ts";

const account = (name: string) => ({
  cn: `Name of ${name}`,
  userPrincipalName: `${name}@corp.example.test`,
  sAMAccountName: name,
  objectClass: ["top", "person", "organizationalPerson", "user"],
  userAccountControl: 2,
});

testConnector({
  open: async () => {
    const samba = await startSamba();
    const config = activeDirectory.config.parse({
      urls: [samba.url],
      bind: samba.bind,
      tls: { ca: samba.ca },
      kinds: {
        user: { base: STAFF, filter: "(&(objectCategory=person)(objectClass=user)(!(employeeType=contractor)))" },
        contractor: { base: STAFF, filter: "(&(objectCategory=person)(objectClass=user)(employeeType=contractor))" },
        group: { base: GROUPS, filter: "(objectCategory=group)" },
        retired: { base: `OU=Gone,${DOMAIN}`, filter: "(&(objectCategory=person)(objectClass=user))" },
      },
    });
    const again = () => activeDirectory.open(config, lent("."));
    const connector = again();
    const close = async () => {
      await connector.close();
      await samba.stop();
    };
    return { connector, again, close };
  },
  kind: "user",
  isEncrypted: true,
  seed: (n) => account(`login${n}`),
  others: [
    { kind: "retired", seed: (n) => account(`retired${n}`) },
    {
      kind: "contractor",
      seed: (n) => ({ ...account(`contractor${n}`), employeeType: "contractor" }),
      joins: [{ op: "replace", attr: "employeeType", values: ["contractor"] }],
    },
  ],
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
  const connector = activeDirectory.open(config, lent(".", { log: { warn: (fields) => notes.push(fields) } }));
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
