import { Ber, BerWriter, Control } from "ldapts";

/** MS-ADTS §3.1.1.3.4.1.5: DNs are returned with GUID and SID as text, so that references need no look-up. */
export class ExtendedDnControl extends Control {
  constructor() {
    super("1.2.840.113556.1.4.529", { critical: true });
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(1);
    value.endSequence();
    writer.writeBuffer(value.buffer, Ber.OctetString);
  }
}

/** MS-ADTS §3.1.1.3.4.1.11: returns only the owner and the access control list of a security descriptor. */
export class SecurityDescriptorControl extends Control {
  constructor() {
    super("1.2.840.113556.1.4.801", { critical: true });
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(0x5);
    value.endSequence();
    writer.writeBuffer(value.buffer, Ber.OctetString);
  }
}
