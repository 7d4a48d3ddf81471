import type { Filter } from "ldapts";
import { type Change, type Operation, type Value, valuesOf } from "../../src/connector/connector.ts";
import { toLdap } from "./attributes.ts";
import { assertionOf, type Directory, filterOf, keyFilter } from "./directory.ts";
import { escapeValue } from "./dn.ts";

/** An operation as an administrator reads it: a search with its base, filter and attributes, or LDIF (RFC 2849). */
export function explain(directory: Directory, operation: Operation): string {
  const kind = directory.kinds.get(operation.kind)!;
  const { typeOf } = directory;
  const search = (filter: Filter, attributes: readonly string[]) =>
    `search  base ${kind.base}, subtree\nfilter  ${filter}\nattributes  ${attributes.join(" ")}`;
  const target = (key: string) => `<the entry with ${kind.key} ${key} under ${kind.base}>`;
  switch (operation.type) {
    case "search": {
      const { orderBy, after, offset = 0 } = operation;
      const order = orderBy ? `, ordered here by ${orderBy.attr}${orderBy.descending ? " descending" : ""}` : "";
      const pages = orderBy || after || offset > 0 ? `\nby the keys of all that match${order}` : "";
      return search(filterOf(kind, operation.where, directory), operation.attrs) + pages;
    }
    case "get":
      return search(keyFilter(kind, operation.key, typeOf), operation.attrs);
    case "create": {
      const { entry } = operation;
      const dn = `${kind.rdn}=${escapeValue(String(valuesOf(entry, kind.rdn)[0] ?? ""))},${kind.base}`;
      const lines = Object.keys(entry).flatMap((attr) => valuesOf(entry, attr).map((value) => line(attr, value)));
      return [line("dn", dn), "changetype: add", ...lines].join("\n");
    }
    case "update": {
      const swaps = operation.changes.filter((change) => change.op === "swap");
      const asserted = assertionOf(kind, operation.key, operation.expected, swaps, typeOf);
      return [
        `# asserts ${asserted}`,
        `dn: ${target(operation.key)}`,
        "changetype: modify",
        ...operation.changes.flatMap(changeLines),
      ].join("\n");
    }
    case "delete":
      return `dn: ${target(operation.key)}\nchangetype: delete`;
  }

  function changeLines(change: Change): string[] {
    const [op, values] =
      change.op === "swap" ? ["replace", change.to === null ? [] : [change.to]] : [change.op, change.values];
    const isRename = change.attr.toLowerCase() === kind.rdn.toLowerCase();
    return [
      ...(isRename ? ["# a new name: sent as modrdn"] : []),
      `${op}: ${change.attr}`,
      ...values.map((value) => line(change.attr, value)),
      "-",
    ];
  }

  function line(attr: string, value: Value): string {
    if (/password|^unicodePwd$/i.test(attr)) return `${attr}: <hidden>`;
    const text = toLdap(value, typeOf(attr));
    const isSafe =
      typeof text === "string" && /^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*$/.test(text) && !text.endsWith(" ");
    return isSafe ? `${attr}: ${text}` : `${attr}:: ${Buffer.from(text).toString("base64")}`;
  }
}
