import { readFileSync } from "node:fs";
import { join } from "node:path";

const BRANCHES = join(import.meta.dirname, "../examples/openldap/tree.ldif");
const SUFFIX = "dc=example,dc=org";

/** The branches of people and groups below a suffix, as LDIF: those of the example for OpenLDAP. */
export const branchesBelow = (suffix: string): string => readFileSync(BRANCHES, "utf8").replaceAll(SUFFIX, suffix);

/** An organization with its branches, as LDIF. */
export const treeBelow = (suffix: string): string => `dn: ${suffix}
objectClass: dcObject
objectClass: organization
dc: ${/^dc=([^,]+)/.exec(suffix)![1]}
o: Example

${branchesBelow(suffix)}`;
