import { startOpenLdapGateway } from "./servers/slapd.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("OpenLDAP", startOpenLdapGateway);
