import { ROOT, startBefore } from "../servers/gateway.ts";
import { DOMAIN, openActiveDirectory, startActiveDirectoryGateway, startSamba } from "../servers/samba.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { fuzzSuite } from "../suites/fuzz.ts";
import { inInterop, ipsieSuite } from "../suites/ipsie.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

/** What the domain numbers, dates and counts by itself differs from run to run. */
const own = /^(objectGUID|objectSid|whenC|uSN|pwdLastSet|badP|lastLogo|logonCount|codePage|countryCode|instanceType)/;
const made = "(|(&(objectClass=user)(userPrincipalName=*))(&(objectClass=group)(adminDescription=*)))";

scimSuite("Active Directory", startActiveDirectoryGateway);
entraSuite("Active Directory", startActiveDirectoryGateway);
// Samba takes longer for each than the others: half as many.
filterSuite("Active Directory", startActiveDirectoryGateway, 1500);
ipsieSuite("Active Directory", async () => {
  const samba = await startSamba();
  return startBefore(samba, inInterop(openActiveDirectory(samba, ROOT)));
});
lifecycleSuite("Active Directory over LDAPS", async () => {
  const samba = await startSamba();
  return {
    gateway: await startBefore(samba, openActiveDirectory(samba, ROOT)),
    // Samba gives attributes in an order of its own, entry by entry.
    snapshot: () =>
      samba
        .ldapsearch(DOMAIN, made, "*")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#") && !own.test(line))
        .sort(),
  };
});
fuzzSuite("Active Directory", async () => {
  const samba = await startSamba();
  return { config: openActiveDirectory(samba, ROOT), stop: samba.stop };
});
