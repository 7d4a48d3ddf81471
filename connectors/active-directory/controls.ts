import { Ber, BerWriter, Control } from "ldapts";

/** MS-ADTS §3.1.1.3.4.1.5: DNs come with their entries' GUID and SID, as text, so that no reference has to be looked up for it. */
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

/** MS-ADTS §3.1.1.3.4.1.11: of a security descriptor only the owner and the list of who may do what. */
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
