import { Attribute, Ber, type BerWriter, Change, Control, type Entry as LdapEntry } from "ldapts";
import { OID } from "./controls.ts";
import { type Directory, find, type LdapKind, write } from "./directory.ts";
import { result, resultCode } from "./errors.ts";
import { attributeTypeOf, type Subschema } from "./subschema.ts";

/** What the account may not do with entries of a kind. */
export interface Rights {
  readonly create: boolean;
  /** Whether it may delete; undefined if only a deletion could tell. */
  readonly delete: boolean | undefined;
  readonly unreadable: readonly string[];
  readonly unwritable: readonly string[];
  /** Why the directory would still refuse a new entry, in its own words. */
  readonly refusal?: string | undefined;
}

/** What is checked: entries of a kind, with the attributes that mappings read and write. */
export interface Asked {
  readonly kind: LdapKind;
  /** The classes of a new entry, most specific first. */
  readonly classes: readonly string[];
  /** Attributes that a new entry requires. */
  readonly required: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** An existing entry of the kind, if any. */
  readonly sample: string | undefined;
}

/** The account's permissions, as far as the directory reveals them; undefined if it does not. Writes nothing. */
export async function rightsOf(
  directory: Directory,
  account: string | undefined,
  asked: Asked,
  schema: Subschema,
  signal: AbortSignal,
): Promise<Rights | undefined> {
  const { effectiveRights, isOpenLdap } = await directory.features(signal);
  if (effectiveRights) return askRights(directory, account ?? "", asked, signal);
  return isOpenLdap ? tryRights(directory, asked, schema, signal) : undefined;
}

/** Names the account whose rights are requested. */
class EffectiveRightsControl extends Control {
  readonly account: string;

  constructor(account: string) {
    super(OID.effectiveRights, { critical: true });
    this.account = account;
  }

  override writeControl(writer: BerWriter): void {
    // The control's value is the raw text, without an ASN.1 type.
    writer.writeBuffer(Buffer.from(`dn: ${this.account}`), Ber.OctetString);
  }
}

/** Asks for the rights to a new entry of a class, for which the directory makes a template. */
async function askRights(
  directory: Directory,
  account: string,
  { kind, classes, reads, writes }: Asked,
  signal: AbortSignal,
): Promise<Rights | undefined> {
  const of = classes[0] ?? "top";
  const attrs = [...new Set([...reads, ...writes])].map((attr) => `${attr}@${of}`);
  const controls = [new EffectiveRightsControl(account)];
  const found = await find(directory, { base: kind.base, scope: "base", attrs, controls }, signal);
  const template = found.find(({ dn }) => /^[^=]+=template_/i.test(dn));
  if (!template) return undefined;
  const ofEntry = text(template, "entryLevelRights");
  const ofAttrs = new Map(
    text(template, "attributeLevelRights")
      .split(/,\s*/)
      .map((each) => each.split(":"))
      .map(([name = "", rights = ""]) => [name.toLowerCase(), rights === "none" ? "" : rights]),
  );
  const lacks = (attr: string, right: string) => ofAttrs.get(attr.toLowerCase())?.includes(right) === false;
  return {
    create: ofEntry.includes("a"),
    delete: ofEntry.includes("d"),
    unreadable: reads.filter((attr) => lacks(attr, "r") || lacks(attr, "s")),
    unwritable: writes.filter((attr) => attr.toLowerCase() !== "objectclass" && lacks(attr, "w")),
  };
}

/**
 * Tries writes that always fail, but for which OpenLDAP checks permissions first: removing a value twice in one change, and adding an entry
 * whose name is too long for its database. (Its no-op control is unsuitable: it leaves attributes in memory that the database does not
 * know, and entries written then are unreadable.) Deletion is not tried, since it could succeed.
 */
async function tryRights(
  directory: Directory,
  { kind, classes, required, writes, sample }: Asked,
  schema: Subschema,
  signal: AbortSignal,
): Promise<Rights | undefined> {
  const unlikely = `postern-check-${crypto.randomUUID()}`;
  const attempt = async (work: Parameters<typeof write<void>>[2]) => {
    try {
      await write(directory.pool, signal, work);
      return { code: 0, words: "" };
    } catch (error) {
      const code = resultCode(error);
      if (code === undefined) throw directory.failure(error);
      return { code, words: (error as Error).message.replace(/\s*Code: 0x[0-9a-f]+\s*$/i, "").trim() };
    }
  };
  const sampleOf = (attr: string) => sampleValue(schema, attr, unlikely);
  const name = unlikely.padEnd(TOO_LONG, "x");
  const dn = `${kind.rdn}=${name},${kind.base}`;
  const attributes = [
    ...[...new Set([...required, kind.rdn])]
      .filter((attr) => attr.toLowerCase() !== "objectclass")
      .map((type) => new Attribute({ type, values: [isSame(type, kind.rdn) ? name : sampleOf(type)] })),
    new Attribute({ type: "objectClass", values: [...classes] }),
  ];
  const added = await attempt((client) => client.add(dn, attributes));
  const left = added.code === 0 && (await attempt((client) => client.del(dn))).code !== 0;
  const unwritable: string[] = [];
  if (sample !== undefined)
    for (const attr of writes.filter((each) => !isSame(each, kind.rdn) && !isSame(each, "objectClass"))) {
      // Whatever the entry contains, a value cannot be removed twice.
      const modification = new Attribute({ type: attr, values: [sampleOf(attr)] });
      const twice = [1, 2].map(() => new Change({ operation: "delete", modification }));
      const { code } = await attempt((client) => client.modify(sample, twice));
      if (code === INSUFFICIENT_RIGHTS) unwritable.push(attr);
    }
  const isAllowed = added.code === OTHER || added.code === 0;
  const isRefused = !isAllowed && added.code !== INSUFFICIENT_RIGHTS && added.code !== result.noSuchObject;
  return {
    create: isAllowed || isRefused,
    delete: undefined,
    unreadable: [],
    unwritable,
    refusal: left
      ? `${dn} was created as a test and could not be deleted: delete it`
      : isRefused
        ? `result ${added.code}: ${added.words}`
        : undefined,
  };
}

const INSUFFICIENT_RIGHTS = 50;
/** OpenLDAP's result for a name that its database cannot store. */
const OTHER = 80;
/** Longer than any of its databases can store, in characters. */
const TOO_LONG = 2000;

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** A valid value for an attribute that no entry has. */
function sampleValue(schema: Subschema, attr: string, unlikely: string): string {
  const definition = schema.attribute(attr);
  switch (definition ? attributeTypeOf(definition) : "text") {
    case "reference":
      return `cn=${unlikely}`;
    case "time":
      return "19010101000000Z";
    case "boolean":
      return "FALSE";
    case "integer":
      return "2147483647";
    case "uuid":
      return crypto.randomUUID();
    case "telephone":
      return "+1 555 0100 4747 4747";
    default:
      return unlikely;
  }
}

const text = (entry: LdapEntry, attr: string): string => String([entry[attr] ?? ""].flat()[0] ?? "");
