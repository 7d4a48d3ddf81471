import type { BackendOperation } from "../../src/connector/connector.ts";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { assertionOf } from "./assertion.ts";
import { type Directory, filterOf, keyFilter } from "./directory.ts";
import { changeLines, entryLines, ldifLine, pagingText, searchText } from "./ldif.ts";
import { nameOf } from "./naming.ts";

/** Describes an operation for an administrator: a search with base, filter and attributes, or LDIF (RFC 2849). */
export function explain(directory: Directory, operation: BackendOperation): string {
  const kind = directory.kinds.get(operation.kind)!;
  const { typeOf } = directory;
  const target = (key: string) => `<the entry with ${kind.key} ${key} under ${kind.base}>`;
  switch (operation.type) {
    case "search":
      return searchText(kind.base, filterOf(kind, operation.where, directory), operation.attrs) + pagingText(operation);
    case "get":
      return searchText(kind.base, keyFilter(kind, operation.key, typeOf), operation.attrs);
    case "create": {
      const { entry } = operation;
      const dn = `${kind.rdn}=${escapeDnValue(String(nameOf(kind, entry)))},${kind.base}`;
      return [ldifLine("dn", dn, typeOf), "changetype: add", ...entryLines(entry, typeOf)].join("\n");
    }
    case "update": {
      const swaps = operation.changes.filter((change) => change.op === "swap");
      const asserted = assertionOf(kind, operation.key, operation.expected, swaps, typeOf);
      const isName = (attr: string) => attr.toLowerCase() === kind.rdn.toLowerCase();
      return [
        `# only if the entry matches ${asserted}`,
        `dn: ${target(operation.key)}`,
        "changetype: modify",
        ...operation.changes.flatMap((change) =>
          changeLines(change, typeOf, isName(change.attr) ? "a new name: sent as modrdn" : undefined),
        ),
      ].join("\n");
    }
    case "delete":
      return `dn: ${target(operation.key)}\nchangetype: delete`;
  }
}
