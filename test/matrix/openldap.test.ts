import { ROOT, startBefore } from "../servers/gateway.ts";
import { openLdap, startOpenLdapGateway, startSlapd } from "../servers/slapd.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { fuzzSuite } from "../suites/fuzz.ts";
import { inInterop, ipsieSuite } from "../suites/ipsie.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const people = "(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))";

scimSuite("OpenLDAP", startOpenLdapGateway);
entraSuite("OpenLDAP", startOpenLdapGateway);
filterSuite("OpenLDAP", startOpenLdapGateway);
ipsieSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  return startBefore(slapd, inInterop(openLdap(slapd, ROOT)));
});
lifecycleSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  return {
    gateway: await startBefore(slapd, openLdap(slapd, ROOT)),
    snapshot: () => slapd.ldapsearch(people, "*", "pwdAccountLockedTime").trim().split("\n").filter(Boolean),
  };
});
fuzzSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  return { config: openLdap(slapd, ROOT), stop: slapd.stop };
});
