import { AndFilter, type Filter } from "ldapts";
import type { BackendOperation, Change } from "../../src/connector/connector.ts";
import { filterOf } from "../ldap/directory.ts";
import { addressOf } from "../ldap/formats.ts";
import { changeLines, entryLines, ldifLine, pagingText, searchText } from "../ldap/ldif.ts";
import { planCreation } from "./create.ts";
import { CONTAINER, LOCKED, MUST_CHANGE_PASSWORD } from "./dialect.ts";
import type { Domain, DomainKind } from "./domain.ts";

/** Describes an operation for an administrator: a search, or LDIF (RFC 2849) with every step. */
export function explain(domain: Domain, operation: BackendOperation): string {
  const kind = domain.kinds.get(operation.kind)!;
  switch (operation.type) {
    case "search":
      return searchText(kind.base, filterOf(kind, operation.where, domain), operation.attrs) + pagingText(operation);
    case "get":
      return readText(kind, kind.filter, operation.key, operation.attrs);
    case "create":
      return creationText(domain, kind, operation);
    case "update":
      return [
        "# after checking that it exists, is of the kind, below its base and as expected",
        `dn: ${addressOf(operation.key)}`,
        "changetype: modify",
        ...operation.changes.flatMap((change) => changeLines(change, domain.typeOf, noteOn(kind, change))),
      ].join("\n");
    case "delete":
      return deletionText(kind, operation.key);
  }
}

const readText = (kind: DomainKind, filter: Filter, key: string, attrs: readonly string[]) =>
  `search  base ${addressOf(key)}, that entry alone, if it is below ${kind.base}\nfilter  ${new AndFilter({ filters: [filter] })}\nattributes  ${attrs.join(" ")}`;

function creationText(
  domain: Domain,
  kind: DomainKind,
  { entry }: Extract<BackendOperation, { type: "create" }>,
): string {
  const { typeOf } = domain;
  const plan = planCreation(domain, kind, entry);
  const added = [ldifLine("dn", plan.dn, typeOf), "changetype: add", ...entryLines(plan.entry, typeOf)];
  if (!plan.account) return added.join("\n");
  const changes = Object.entries(plan.account).map(
    ([attr, value]): Change => ({ op: "replace", attr, values: [value] }),
  );
  return [
    ...added,
    "",
    "# then as follows; if that fails, the entry is deleted again",
    ldifLine("dn", plan.dn, typeOf),
    "changetype: modify",
    ...changes.flatMap((change) => changeLines(change, typeOf, undefined)),
  ].join("\n");
}

function noteOn(kind: DomainKind, { attr }: Change): string | undefined {
  switch (attr.toLowerCase()) {
    case kind.rdn.toLowerCase():
      return "a new name: sent as modrdn";
    case CONTAINER.toLowerCase():
      return "another container: sent as modrdn with a new superior";
    case MUST_CHANGE_PASSWORD.toLowerCase():
      return "sent as pwdLastSet: 0, or -1";
    case LOCKED.toLowerCase():
      return "sent as lockoutTime: 0";
    default:
      return undefined;
  }
}

function deletionText({ onDelete, rdn }: DomainKind, key: string): string {
  if (onDelete === "delete") return `dn: ${addressOf(key)}\nchangetype: delete`;
  const disabling = onDelete.disable
    ? "\n\ndn: <the same entry>\nchangetype: modify\n# its other bits are kept\nreplace: userAccountControl\n-"
    : "";
  return `dn: ${addressOf(key)}\nchangetype: modrdn\nnewrdn: <its ${rdn}>\ndeleteoldrdn: 1\nnewsuperior: ${onDelete.moveTo}${disabling}`;
}
