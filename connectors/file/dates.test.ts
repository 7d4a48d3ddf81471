import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateReader } from "./dates.ts";
import { serialDate } from "./xlsx/serial.ts";

const day = fc
  .date({ min: new Date("1900-03-01T00:00:00Z"), max: new Date("2199-12-31T00:00:00Z"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const parts = (iso: string) => {
  const [yyyy = "", mm = "", dd = ""] = iso.split("-");
  const mmm = ["Jan", "Feb", "Mär", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"][Number(mm) - 1]!;
  return { yyyy, mm, dd, mmm };
};

describe("a date in a form", () => {
  test.each(["iso", "yyyymmdd", "dd.mm.yyyy", "mm/dd/yyyy", "dd/mm/yyyy", "yyyy/mm/dd", "dd-mmm-yyyy", "mmm dd, yyyy"])(
    "%s is the day that was written so, with or without a time of day behind it",
    (format) => {
      const read = dateReader(format);
      fc.assert(
        fc.property(day, fc.constantFrom("", " 08:05", "T08:05:00", " 8:05:00 AM", " 08:05:00.123"), (iso, time) => {
          const pattern = format === "iso" ? "yyyy-mm-dd" : format;
          const named = parts(iso) as Record<string, string>;
          const written = pattern.replace(/yyyy|mmm|mm|dd/g, (token) => named[token]!);
          expect(read(written + time)).toBe(time === "" ? iso : `${iso}T08:05:00`);
        }),
      );
    },
  );

  test("that no calendar has, or nobody lives to see, is none", () => {
    const read = dateReader("dd.mm.yyyy");
    for (const text of [
      "31.02.2020",
      "29.02.2023",
      "00.01.2020",
      "01.13.2020",
      "31.12.9999",
      "00.00.0000",
      "1.1.1800",
      "2020",
      "",
    ])
      expect(read(text), text).toBeUndefined();
    expect(read("29.02.2024")).toBe("2024-02-29");
    expect(read("1.2.2024")).toBe("2024-02-01");
  });

  test("is read as nothing else than a date: what stands behind it must be a time of day, or a zone", () => {
    const read = dateReader("iso");
    expect(read("2020-03-16-07:00")).toBe("2020-03-16T00:00:00-07:00");
    expect(read("2020-03-16T22:15:00+0130")).toBe("2020-03-16T22:15:00+01:30");
    for (const text of ["2020-03-16 25:00", "2020-03-16 soon", "2020-03-1600", "x2020-03-16"])
      expect(read(text), text).toBeUndefined();
  });

  test("of two digits is in the years that Excel takes it for", () => {
    expect(dateReader("dd.mm.yy")("01.01.29")).toBe("2029-01-01");
    expect(dateReader("dd.mm.yy")("01.01.30")).toBe("1930-01-01");
  });

  test.each(["", "dd.mm", "dd.dd.yyyy", "yyyy", "dd.mm.yyyy.mm"])("%j is no format", (format) => {
    expect(() => dateReader(format)).toThrow(TypeError);
  });
});

describe("a serial number of Excel's", () => {
  const serialOf = (iso: string) => Date.parse(iso) / 86_400_000;
  test("is the day that it counts to, in both systems", () => {
    fc.assert(
      fc.property(day, (iso) => {
        expect(serialDate(serialOf(iso) + 25_569, 1900)).toBe(iso);
        if (iso >= "1904-01-01") expect(serialDate(serialOf(iso) + 24_107, 1904)).toBe(iso);
      }),
    );
  });
  test("has a time of day, to the second, behind its point", () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 86_399 }), (iso, seconds) => {
        const time = new Date(seconds * 1000).toISOString().slice(11, 19);
        expect(serialDate(serialOf(iso) + 25_569 + seconds / 86_400, 1900)).toBe(`${iso}T${time}`);
      }),
    );
  });
});
