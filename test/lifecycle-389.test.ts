import { openDirectoryServer, startDirectoryServer } from "./servers/directory-server.ts";
import { ROOT, startBefore } from "./servers/gateway.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("389 Directory Server", async () => {
  const server = await startDirectoryServer();
  return {
    gateway: await startBefore(server, openDirectoryServer(server, ROOT)),
    snapshot: () =>
      server
        .ldapsearch("(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))", "*", "nsAccountLock")
        .trim()
        .split("\n")
        .filter(Boolean),
  };
});
