import { startActiveDirectoryGateway } from "./servers/samba.ts";
import { entraSuite } from "./suites/entra.ts";

entraSuite("Active Directory", startActiveDirectoryGateway);
