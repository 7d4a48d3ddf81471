import { startActiveDirectoryGateway } from "./servers/samba.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("Active Directory", startActiveDirectoryGateway);
