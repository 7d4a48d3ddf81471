import { ROOT, startBefore } from "./servers/gateway.ts";
import { DOMAIN, openActiveDirectory, startSamba } from "./servers/samba.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

/** What the domain numbers, dates and counts by itself differs from run to run. */
const own = /^(objectGUID|objectSid|whenC|uSN|pwdLastSet|badP|lastLogo|logonCount|codePage|countryCode|instanceType)/;
const made = "(|(&(objectClass=user)(userPrincipalName=*))(&(objectClass=group)(adminDescription=*)))";

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
