import { startDirectoryServerGateway } from "./servers/directory-server.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("389 Directory Server", startDirectoryServerGateway);
