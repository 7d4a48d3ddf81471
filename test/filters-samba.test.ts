import { startActiveDirectoryGateway } from "./servers/samba.ts";
import { filterSuite } from "./suites/filters.ts";

// Samba takes longer for each than the others: half as many.
filterSuite("Active Directory", startActiveDirectoryGateway, 5000);
