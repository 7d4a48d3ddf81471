import { lent } from "../../test/servers/lent.ts";
import { SUFFIX, startSlapd } from "../../test/servers/slapd.ts";
import { distinctTexts, testConnector } from "../../test/suites/contract.ts";
import ldap from "./index.ts";

testConnector({
  open: async () => {
    const slapd = await startSlapd();
    const person = "(objectClass=inetOrgPerson)";
    const contractor = "(employeeType=contractor)";
    const kinds = {
      user: { base: `ou=people,${SUFFIX}`, filter: `(&${person}(!${contractor}))`, rdn: "uid" },
      // In another place, and in the same place by what it is.
      admin: { base: `ou=services,${SUFFIX}`, filter: person, rdn: "uid" },
      contractor: { base: `ou=people,${SUFFIX}`, filter: `(&${person}${contractor})`, rdn: "uid" },
    };
    const config = ldap.config.parse({ url: slapd.url, bind: slapd.bind, kinds });
    const again = () => ldap.open(config, lent("."));
    const connector = again();
    const close = async () => {
      await connector.close();
      await slapd.stop();
    };
    return { connector, again, close };
  },
  kind: "user",
  seed: (n) => ({ uid: `login${n}`, cn: "x", sn: "x", objectClass: ["inetOrgPerson"] }),
  unique: "uid",
  texts: ["title", "displayName"],
  lists: ["departmentNumber"],
  listValues: distinctTexts(),
  absentKey: "00000000-0000-4000-8000-000000000000",
  others: [
    { kind: "admin", seed: (n) => ({ uid: `admin${n}`, cn: "x", sn: "x", objectClass: ["inetOrgPerson"] }) },
    {
      kind: "contractor",
      seed: (n) => ({
        uid: `contractor${n}`,
        cn: "x",
        sn: "x",
        employeeType: "contractor",
        objectClass: ["inetOrgPerson"],
      }),
      joins: [{ op: "replace", attr: "employeeType", values: ["contractor"] }],
    },
  ],
});
