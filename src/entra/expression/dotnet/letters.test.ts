import { describe, expect, test } from "vitest";
import { inCase, inTitleCase } from "./case.ts";
import { withoutDiacritics } from "./diacritics.ts";

describe(".NET's case", () => {
  test("letters change one by one, so that none becomes two", () => {
    expect(inCase("upper", "straße ŉ ﬁ")).toBe("STRAßE ŉ ﬁ");
    expect(inCase("lower", "ΟΔΟΣ İ")).toBe("οδοσ İ");
    expect(inCase("upper", "ä😀𐐨")).toBe("Ä😀𐐀");
  });

  test("a culture has its own letters", () => {
    expect(inCase("upper", "i ı", "tr-TR")).toBe("İ I");
    expect(inCase("lower", "I İ", "az")).toBe("ı i");
    expect(inCase("lower", "I", "de-CH")).toBe("i");
  });

  test.each([
    ["JEAN-LUC o'NEIL", "Jean-Luc O'neil"],
    ["mcdonald_smith (JR.)", "Mcdonald_Smith (Jr.)"],
    ["a1b 2nd", "A1b 2Nd"],
    ["ǆungla élan", "ǅungla Élan"],
    ["’t hooft", "’T Hooft"],
    ["e\u0301mile", "E\u0301mile"],
  ])("%s in title case is %s", (text, expected) => expect(inTitleCase(text)).toBe(expected));

  test("separators replace .NET's own", () => {
    expect(inTitleCase("DE'SILVA-PINTO joão", "'")).toBe("De'Silva-pinto joão");
    expect(inTitleCase("a b", "")).toBe("A b");
  });
});

describe("Microsoft's table of diacritics", () => {
  test("letters are found composed and with their marks apart, and others stay", () => {
    expect(withoutDiacritics("Ǟā́e̊̄ṳ̄œ̄ ŞşŢ Đđ ķ 日本 Ð")).toBe("Aaeuoe SsŢ Đđ ķ 日本 Ð");
    expect(withoutDiacritics("Zoë Ångström".normalize("NFD"))).toBe("Zoe Angstrom");
  });
});
