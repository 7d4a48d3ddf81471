import { startActiveDirectoryGateway } from "./servers/samba.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("Active Directory", startActiveDirectoryGateway);
