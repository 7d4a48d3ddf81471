import { ROOT, startGateway } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  const gateway = await startGateway(openLdap(slapd, ROOT));
  return {
    gateway: { ...gateway, stop: () => gateway.stop().then(slapd.stop) },
    snapshot: () =>
      slapd
        .ldapsearch("(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))", "*", "pwdAccountLockedTime")
        .trim()
        .split("\n")
        .filter(Boolean),
  };
});
