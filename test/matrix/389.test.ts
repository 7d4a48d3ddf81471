import { openDirectoryServer, startDirectoryServer, startDirectoryServerGateway } from "../servers/directory-server.ts";
import { ROOT, startBefore } from "../servers/gateway.ts";
import { filterSuite } from "../suites/filters.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const people = "(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))";

scimSuite("389 Directory Server", startDirectoryServerGateway);
filterSuite("389 Directory Server", startDirectoryServerGateway);
lifecycleSuite("389 Directory Server", async () => {
  const server = await startDirectoryServer();
  return {
    gateway: await startBefore(server, openDirectoryServer(server, ROOT)),
    snapshot: () => server.ldapsearch(people, "*", "nsAccountLock").trim().split("\n").filter(Boolean),
  };
});
