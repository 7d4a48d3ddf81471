import { type Entry, fromValues, type Value } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { isWithin, rdnsOf } from "../ldap/dn.ts";
import { CONTAINER } from "./dialect.ts";
import type { DomainKind } from "./domain.ts";

/**
 * The container that a value names: a full DN, or one relative to the kind's base, such as `OU=Sales`; the base itself if empty. Throws
 * `invalid` for one outside the base, where entries would be out of reach.
 */
export function containerDn({ base }: Pick<DomainKind, "base">, container: Entry[string] | null): string {
  const value = Array.isArray(container) ? fromValues(container) : container;
  if (value === undefined || value === null || value === "") return base;
  const dn = String(value as Value);
  const rdns = rdnsOf(dn);
  if (rdns.some((rdn) => !/^[A-Za-z][\w-]*\s*=./s.test(rdn)))
    throw new ConnectorError("invalid", `"${dn}" is not the DN of a container, such as OU=Sales.`, { attr: CONTAINER });
  if (!rdns.some((rdn) => /^dc\s*=/i.test(rdn))) return `${dn},${base}`;
  if (isWithin(dn, base)) return dn;
  throw new ConnectorError(
    "invalid",
    `The container ${dn} is not below ${base}, the kind's base: entries there would be out of reach.`,
    { attr: CONTAINER },
  );
}
