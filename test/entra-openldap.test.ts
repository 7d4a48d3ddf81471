import { startOpenLdapGateway } from "./servers/slapd.ts";
import { entraSuite } from "./suites/entra.ts";

entraSuite("OpenLDAP", startOpenLdapGateway);
