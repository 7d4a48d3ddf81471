import { distinctTexts, testConnector } from "../../src/connector/contract.ts";
import { SUFFIX, startSlapd } from "../../test/servers/slapd.ts";
import ldap from "./index.ts";

testConnector({
  open: async () => {
    const slapd = await startSlapd();
    const kinds = { user: { base: `ou=people,${SUFFIX}`, filter: "(objectClass=inetOrgPerson)", rdn: "uid" } };
    const config = ldap.config.parse({ url: slapd.url, bind: slapd.bind, kinds });
    const connector = ldap.open(config, { folder: ".", log: { warn: () => {} } });
    const close = async () => {
      await connector.close();
      await slapd.stop();
    };
    return { connector, close };
  },
  kind: "user",
  seed: (n) => ({ uid: `login${n}`, cn: "x", sn: "x", objectClass: ["inetOrgPerson"] }),
  unique: "uid",
  texts: ["title", "displayName"],
  lists: ["departmentNumber"],
  listValues: distinctTexts(),
  absentKey: "00000000-0000-4000-8000-000000000000",
});
