import { ROOT } from "./servers/gateway.ts";
import { openActiveDirectory, startSamba } from "./servers/samba.ts";
import { fuzzSuite } from "./suites/fuzz.ts";

fuzzSuite("Active Directory", async () => {
  const samba = await startSamba();
  return { config: openActiveDirectory(samba, ROOT), stop: samba.stop };
});
