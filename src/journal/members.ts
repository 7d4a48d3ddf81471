import { type Filter, type PathSyntax, parsePath } from "../scim/filter.ts";
import { isObject } from "../scim/schema.ts";

/** A resource that a request adds to a group, or takes out of it. */
export interface Member {
  readonly id: string;
  /** Its type, where it is known. */
  readonly type: string;
  /** What people know it by, where the journal knows that. */
  readonly name: string;
}

/** What a request asks for of a group's members. */
export interface MemberChanges {
  readonly added: readonly Member[];
  readonly removed: readonly Member[];
  /** The members that the group is to have, and no others. */
  readonly set?: readonly Member[];
  /** How many are left out of these lists. */
  readonly more: number;
}

/** How many members of a request are kept, and named in a sentence. */
const MAX_MEMBERS = 1000;
const NAMED = 3;
const MAX_ID = 500;

type Kind = "added" | "removed" | "set";

/** The members that a request's body names. Undefined if it names none. */
export function membersIn(sent: unknown, action: string, type: string): MemberChanges | undefined {
  const found: Found = { added: new Set(), removed: new Set(), set: undefined };
  if (action === "patch") for (const operation of operationsOf(sent)) note(operation, found);
  else if (action === "create") for (const id of idsOf(field(sent, "members"))) found.added.add(id);
  else if (action === "replace" && Array.isArray(field(sent, "members")))
    found.set = new Set(idsOf(field(sent, "members")));
  const { added, removed, set } = found;
  if (added.size === 0 && removed.size === 0 && !set) return undefined;
  let left = MAX_MEMBERS;
  const kept = (ids: ReadonlySet<string>): Member[] => {
    const some = [...ids].slice(0, left).map((id) => ({ id, type, name: "" }));
    left -= some.length;
    return some;
  };
  const all = added.size + removed.size + (set?.size ?? 0);
  const lists = { added: kept(added), removed: kept(removed), ...(set && { set: kept(set) }) };
  return { ...lists, more: Math.max(0, all - MAX_MEMBERS) };
}

/** All members of a change; or only those whose names a sentence has. */
export const membersOf = ({ added, removed, set = [] }: MemberChanges, isForSentence = false): readonly Member[] =>
  [added, removed, set].flatMap((members) => (isForSentence ? members.slice(0, NAMED) : members));

/** The same changes with names. */
export function namedBy(changes: MemberChanges, nameOf: (member: Member) => string): MemberChanges {
  const named = (members: readonly Member[]) => members.map((member) => ({ ...member, name: nameOf(member) }));
  const { added, removed, set } = changes;
  return { ...changes, added: named(added), removed: named(removed), ...(set && { set: named(set) }) };
}

const WORDS = { added: "adds", removed: "removes", set: "sets the members" } as const;

/** What a request asks for of the members, in a sentence: by name where they have one. Whoever doesn't exist may have been passed over. */
export function sentenceOf(changes: MemberChanges): string {
  const kinds = (["added", "removed", "set"] as const).flatMap((kind) => {
    const members = changes[kind];
    return members && (members.length > 0 || kind === "set") ? [[kind, members] as const] : [];
  });
  const parts = kinds.map(([kind, members], index) => {
    if (members.length === 0) return "removes all members";
    // What isn't kept belongs to the last of the lists.
    const more = members.length - NAMED + (index === kinds.length - 1 ? changes.more : 0);
    const names = members.slice(0, NAMED).map(({ name, id }) => name || id);
    return `${WORDS[kind]} ${listed(more > 0 ? [...names, `${more} more`] : names)}`;
  });
  return `The request ${parts.join("; ")}.`;
}

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;

interface Found {
  readonly added: Set<string>;
  readonly removed: Set<string>;
  set: Set<string> | undefined;
}

/** Notes one operation of a PATCH. A later one about the same member replaces an earlier one. */
function note(operation: unknown, found: Found): void {
  const op = String(field(operation, "op") ?? "").toLowerCase();
  const path = field(operation, "path");
  const value = field(operation, "value");
  if (typeof path === "string" && path !== "") {
    const parsed = syntaxOf(path);
    if (parsed?.attribute.toLowerCase() !== "members" || parsed.sub !== undefined) return;
    if (!parsed.selector) noteValue(op, value, found, value === undefined);
    else if (op === "remove") for (const id of idsIn(parsed.selector)) move(id, "removed", found);
  } else noteValue(op, field(value, "members"), found);
}

function noteValue(op: string, value: unknown, found: Found, isAll = false): void {
  if (op === "remove" && isAll) {
    setAll([], found);
    return;
  }
  if (op === "replace") {
    if (value === undefined) return;
    setAll(idsOf(value), found);
    return;
  }
  for (const id of idsOf(value)) move(id, op === "remove" ? "removed" : "added", found);
}

function setAll(ids: readonly string[], found: Found): void {
  found.added.clear();
  found.removed.clear();
  found.set = new Set(ids);
}

function move(id: string, kind: Exclude<Kind, "set">, { added, removed, set }: Found): void {
  const [to, from] = kind === "added" ? [added, removed] : [removed, added];
  if (set) kind === "added" ? set.add(id) : set.delete(id);
  else {
    from.delete(id);
    to.add(id);
  }
}

function syntaxOf(path: string): PathSyntax | undefined {
  try {
    return parsePath(path);
  } catch {
    return undefined;
  }
}

/** The ids that a selector such as `value eq "1"` selects. */
function idsIn(filter: Filter<PathSyntax>): string[] {
  if (filter.op === "or") return filter.filters.flatMap(idsIn);
  const isId =
    filter.op === "eq" && filter.path.attribute.toLowerCase() === "value" && typeof filter.value === "string";
  return isId ? [(filter.value as string).slice(0, MAX_ID)] : [];
}

function idsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((each) => {
    const id = isObject(each) ? field(each, "value") : each;
    return typeof id === "string" && id !== "" ? [id.slice(0, MAX_ID)] : [];
  });
}

function operationsOf(sent: unknown): readonly unknown[] {
  const operations = field(sent, "operations");
  return Array.isArray(operations) ? operations : [];
}

/** A member of an object, whatever the case of its name. */
const field = (object: unknown, name: string): unknown =>
  isObject(object) ? Object.entries(object).find(([each]) => each.toLowerCase() === name)?.[1] : undefined;
