import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dnOf,
  fileTimeFromIso,
  fileTimeToIso,
  guidFromBytes,
  guidOf,
  guidToBytes,
  quotedUtf16,
  referenceToWrite,
  sidFromBytes,
  sidOf,
  sidToBytes,
} from "./formats.ts";

describe("Microsoft's formats", () => {
  test("a GUID has its first three fields little-endian", () => {
    const bytes = Buffer.from("e218213b9cf340ecad0b0123456789ab", "hex");
    expect(guidFromBytes(bytes)).toBe("3b2118e2-f39c-ec40-ad0b-0123456789ab");
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (each) => {
        expect([...guidToBytes(guidFromBytes(Buffer.from(each)))]).toEqual([...each]);
      }),
    );
  });

  test("a SID is its authority and its numbers, and there and back again the same", () => {
    const bytes = Buffer.from("010500000000000515000000d16d7ca9c498a0a6d2ac6d6000020000", "hex");
    expect(sidFromBytes(bytes)).toBe("S-1-5-21-2843504081-2795542724-1617800402-512");
    expect(sidToBytes("S-1-5-21-2843504081-2795542724-1617800402-512")).toEqual(bytes);
    const part = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 15 }), (parts) => {
        const text = ["S-1-5", ...parts].join("-");
        expect(sidFromBytes(sidToBytes(text)!)).toBe(text);
      }),
    );
    for (const wrong of ["", "S-1", "S-1-5-x", "S-1-5-4294967296", "*"]) expect(sidToBytes(wrong)).toBeUndefined();
    expect(sidFromBytes(Buffer.from("0105", "hex"))).toBeUndefined();
  });

  test("a file time is a date, or never", () => {
    expect(fileTimeToIso("134458272000000000")).toBe("2027-01-31T00:00:00.000Z");
    expect(fileTimeFromIso("2027-01-31T00:00:00Z")).toBe("134458272000000000");
    expect(fileTimeToIso("0")).toBeUndefined();
    expect(fileTimeToIso("9223372036854775807")).toBeUndefined();
    expect(fileTimeFromIso("0")).toBe("0");
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1601-01-02"), max: new Date("9999-01-01"), noInvalidDate: true }),
        (date) => {
          expect(fileTimeToIso(fileTimeFromIso(date.toISOString()))).toBe(date.toISOString());
        },
      ),
    );
  });

  test("a password is in quotes and UTF-16LE, whatever is in it", () => {
    expect(quotedUtf16('a"é').toString("hex")).toBe("220061002200e9002200");
  });

  test("an extended DN holds a GUID, a SID and the DN; a plain one itself alone", () => {
    const extended = "<GUID=A5497891-23eb-4745-90ae-9f56e6fe5204>;<SID=S-1-5-21-1>;CN=Ola <x>; y,DC=x";
    expect(dnOf(extended)).toBe("CN=Ola <x>; y,DC=x");
    expect(guidOf(extended)).toBe("a5497891-23eb-4745-90ae-9f56e6fe5204");
    expect(sidOf(extended)).toBe("S-1-5-21-1");
    expect(referenceToWrite(extended)).toBe("<GUID=a5497891-23eb-4745-90ae-9f56e6fe5204>");
    const sid = "<SID=S-1-5-21-1>";
    expect([dnOf(sid), guidOf(sid), sidOf(sid), referenceToWrite(sid)]).toEqual(["", undefined, "S-1-5-21-1", sid]);
    const plain = "CN=Ola,DC=x";
    expect([dnOf(plain), guidOf(plain), sidOf(plain), referenceToWrite(plain)]).toEqual([
      plain,
      undefined,
      undefined,
      plain,
    ]);
  });
});
