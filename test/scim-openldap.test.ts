import { ROOT, startGateway } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  const gateway = await startGateway(openLdap(slapd, ROOT));
  const stop = async () => {
    await gateway.stop();
    await slapd.stop();
  };
  return { ...gateway, stop };
});
