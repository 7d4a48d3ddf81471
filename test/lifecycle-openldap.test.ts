import { ROOT, startBefore } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  return {
    gateway: await startBefore(slapd, openLdap(slapd, ROOT)),
    snapshot: () =>
      slapd
        .ldapsearch("(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))", "*", "pwdAccountLockedTime")
        .trim()
        .split("\n")
        .filter(Boolean),
  };
});
