import { ROOT } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";
import { fuzzSuite } from "./suites/fuzz.ts";

fuzzSuite("OpenLDAP", async () => {
  const slapd = await startSlapd();
  return { config: openLdap(slapd, ROOT), stop: slapd.stop };
});
