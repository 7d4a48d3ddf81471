import { startDirectoryServerGateway } from "./servers/directory-server.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("389 Directory Server", startDirectoryServerGateway);
