import { distinctTexts, testConnector } from "../../src/connector/contract.ts";
import { GROUPS, STAFF, startSamba } from "../../test/servers/samba.ts";
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
