import { guidFromBytes, sidFromBytes } from "../ldap/formats.ts";

/** An access control entry (MS-DTYP §2.4.4): grants or denies rights on an object or a part of it. */
export interface Ace {
  readonly allows: boolean;
  readonly mask: number;
  readonly sid: string;
  /** The attribute, property set, class or extended right it applies to; undefined for all. */
  readonly object: string | undefined;
  /** Whether it applies to objects below, to the object itself, or both. */
  readonly inherits: boolean;
  readonly isOwn: boolean;
  /** The class of objects that inherit it; undefined for all. */
  readonly inheritedBy: string | undefined;
}

/** Access rights, MS-ADTS §5.1.3.2. */
export const RIGHT = {
  createChild: 0x1,
  deleteChild: 0x2,
  readProperty: 0x10,
  writeProperty: 0x20,
  extended: 0x100,
  delete: 0x10000,
} as const;

const GENERIC_ALL = 0x10000000;
const FLAG = { containerInherit: 0x2, inheritOnly: 0x8 } as const;

/** The access control list of a self-relative security descriptor (MS-DTYP §2.4.6); undefined if it has none. */
export function daclOf(descriptor: Buffer): Ace[] | undefined {
  const start = descriptor.length >= 20 ? descriptor.readUInt32LE(16) : 0;
  if (start === 0) return undefined;
  const aces: Ace[] = [];
  const count = descriptor.readUInt16LE(start + 4);
  let offset = start + 8;
  for (let index = 0; index < count; index++) {
    const size = descriptor.readUInt16LE(offset + 2);
    const ace = aceOf(descriptor.subarray(offset, offset + size));
    if (ace) aces.push(ace);
    offset += size;
  }
  return aces;
}

function aceOf(bytes: Buffer): Ace | undefined {
  const type = bytes[0]!;
  const isObject = type === 5 || type === 6;
  if (type !== 0 && type !== 1 && !isObject) return undefined;
  const present = isObject ? bytes.readUInt32LE(8) : 0;
  let offset = isObject ? 12 : 8;
  const guid = (bit: number): string | undefined => {
    if ((present & bit) === 0) return undefined;
    offset += 16;
    return guidFromBytes(bytes.subarray(offset - 16, offset));
  };
  const object = guid(1);
  const inheritedBy = guid(2);
  const flags = bytes[1]!;
  return {
    allows: type === 0 || type === 5,
    mask: bytes.readUInt32LE(4),
    object,
    inheritedBy,
    sid: sidFromBytes(bytes.subarray(offset)) ?? "",
    inherits: (flags & FLAG.containerInherit) !== 0,
    isOwn: (flags & FLAG.inheritOnly) === 0,
  };
}

const sddlRights: Readonly<Record<string, number>> = {
  CC: 0x1,
  DC: 0x2,
  LC: 0x4,
  SW: 0x8,
  RP: 0x10,
  WP: 0x20,
  DT: 0x40,
  LO: 0x80,
  CR: 0x100,
  SD: 0x10000,
  RC: 0x20000,
  WD: 0x40000,
  WO: 0x80000,
  GA: GENERIC_ALL,
};

/** Well-known SIDs in SDDL (MS-DTYP §2.5.1.1); those of a domain by relative ID. */
const sddlSids: Readonly<Record<string, string | number>> = {
  WD: "S-1-1-0",
  AU: "S-1-5-11",
  PS: "S-1-5-10",
  SY: "S-1-5-18",
  BA: "S-1-5-32-544",
  AO: "S-1-5-32-548",
  RU: "S-1-5-32-554",
  DA: 512,
  DU: 513,
  CA: 517,
  RS: 553,
};

/** The entries of a class's default security descriptor in SDDL. Each applies to the object itself. */
export function acesOfSddl(sddl: string, domainSid: string): Ace[] {
  return [...sddl.matchAll(/\(([^)]*)\)/g)].flatMap(([, text = ""]): Ace[] => {
    const [type = "", , rights = "", object, , who = ""] = text.split(";");
    if (!["A", "D", "OA", "OD"].includes(type)) return [];
    const named = sddlSids[who] ?? who;
    return [
      {
        allows: type.endsWith("A"),
        mask: (rights.match(/../g) ?? []).reduce((mask, each) => mask | (sddlRights[each] ?? 0), 0),
        sid: typeof named === "number" ? `${domainSid}-${named}` : named,
        object: object ? object.toLowerCase() : undefined,
        inherits: false,
        isOwn: true,
        inheritedBy: undefined,
      },
    ];
  });
}

/** The entries of a new object in a container: the class's own and inherited ones. */
export const acesOfChild = (own: readonly Ace[], container: readonly Ace[], classGuid: string): Ace[] => [
  ...own,
  ...container
    .filter(({ inherits, inheritedBy }) => inherits && (inheritedBy === undefined || inheritedBy === classGuid))
    .map((ace) => ({ ...ace, isOwn: true })),
];

/**
 * Reports whether a right is granted to a holder of several SIDs (MS-ADTS §5.1.3.3): the first relevant entry decides. `objects` are the
 * identifiers that entries may use for the part in question: an attribute and its property set.
 */
export function grants(
  aces: readonly Ace[],
  sids: ReadonlySet<string>,
  right: number,
  objects: readonly string[],
): boolean {
  const first = aces.find(
    ({ mask, sid, object, isOwn }) =>
      isOwn &&
      sids.has(sid) &&
      ((mask & right) === right || (mask & GENERIC_ALL) !== 0) &&
      (object === undefined || objects.includes(object)),
  );
  return first?.allows === true;
}
