import { Ber, type BerReader, BerWriter, Control, type Entry, type Filter, SearchEntry } from "ldapts";

/** Object identifiers of controls. */
export const OID = {
  assertion: "1.3.6.1.1.12",
  postRead: "1.3.6.1.1.13.2",
  permissiveModify: "1.2.840.113556.1.4.1413",
  /** Get Effective Rights, of 389 Directory Server and its relatives (draft-ietf-ldapext-acl-model). */
  effectiveRights: "1.3.6.1.4.1.42.2.27.9.5.2",
} as const;

/** RFC 4528: the operation runs only if the entry matches the filter; otherwise result 122. */
export class AssertionControl extends Control {
  readonly filter: Filter;

  constructor(filter: Filter) {
    super(OID.assertion, { critical: true });
    this.filter = filter;
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    this.filter.write(value);
    writer.writeBuffer(value.buffer, Ber.OctetString);
  }
}

/** RFC 4527: returns the entry as it is after the write, in the write's response. */
export class PostReadControl extends Control {
  readonly attributes: readonly string[];
  entry: Entry | undefined;

  constructor(attributes: readonly string[]) {
    super(OID.postRead);
    this.attributes = attributes;
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    for (const attribute of this.attributes) value.writeString(attribute);
    value.endSequence();
    writer.writeBuffer(value.buffer, Ber.OctetString);
  }

  override parseControl(reader: BerReader): void {
    reader.readSequence(0x64);
    const entry = new SearchEntry({ messageId: 0 });
    entry.parseMessage(reader);
    this.entry = entry.toObject([], []);
  }
}

/** Of Active Directory and OpenLDAP: adding a present value or deleting an absent one is not an error. */
export const permissiveModify = (): Control => new Control(OID.permissiveModify);
