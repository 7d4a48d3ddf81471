import { startOpenLdapGateway } from "./servers/slapd.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("OpenLDAP", startOpenLdapGateway);
