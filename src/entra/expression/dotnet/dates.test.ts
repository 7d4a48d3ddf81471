import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatted, parsedAs } from "./date-format.ts";
import { type Moment, momentOf, parsedMoment, textOfMoment } from "./moment.ts";

const at = (iso: string): Moment => ({ seconds: Date.parse(iso) / 1000, ticks: 0 });
const now = at("2021-08-25T17:41:18Z");
const strict = { leading: false, trailing: false, inner: false };
const isoOf = (moment: Moment | undefined): string | undefined =>
  moment && new Date(moment.seconds * 1000).toISOString().slice(0, 19);

describe(".NET's date formats", () => {
  const moment = momentOf({ year: 2009, month: 6, day: 5, hour: 13, minute: 4, second: 9, ticks: 6_175_400 });

  test.each([
    ["d M y h:m:s t", "5 6 9 1:4:9 P"],
    ["dd MM yy hh:mm:ss tt", "05 06 09 01:04:09 PM"],
    ["ddd MMM yyy HH", "Fri Jun 2009 13"],
    ["dddd MMMM yyyyy H", "Friday June 02009 13"],
    ["f ff fff ffff fffff ffffff fffffff", "6 61 617 6175 61754 617540 6175400"],
    ["ss.F ss.FFFFFFF", "09.6 09.61754"],
    ["z zz zzz K g", "+0 +00 +00:00 Z A.D."],
    ["%d", "5"],
    ["%h", "1"],
    ["yyyyMMddHHmmss.0Z", "20090605130409.0Z"],
    [`'day' d "of" MMMM \\d`, "day 5 of June d"],
    ["d", "06/05/2009"],
    ["D", "Friday, 05 June 2009"],
    ["g", "06/05/2009 13:04"],
    ["G", "06/05/2009 13:04:09"],
    ["M", "June 05"],
    ["o", "2009-06-05T13:04:09.6175400Z"],
    ["R", "Fri, 05 Jun 2009 13:04:09 GMT"],
    ["s", "2009-06-05T13:04:09"],
    ["u", "2009-06-05 13:04:09Z"],
    ["Y", "2009 June"],
  ])("%s writes %s", (format, text) => expect(formatted(moment, format)).toBe(text));

  test("a fraction that is zero goes with its point", () => {
    expect(formatted(now, "ss.FFF")).toBe("18");
  });

  test.each([
    ["2020-12-31-08:00", "yyyy-MM-ddzzz", "2020-12-31T08:00:00"],
    ["2020-12-31+08:00", "yyyy-MM-ddzzz", "2020-12-30T16:00:00"],
    ["20150123105347.1Z", "yyyyMMddHHmmss.fZ", "2015-01-23T10:53:47"],
    ["7/2/2021 03:33:38 PM", "M/d/yyyy hh:mm:ss tt", "2021-07-02T15:33:38"],
    ["12:30 am", "h:mm tt", "2021-08-25T00:30:00"],
    ["12:30", "h:mm", "2021-08-25T00:30:00"],
    ["2 July", "d MMMM", "2021-07-02T00:00:00"],
    ["Jul 21", "MMM yy", "2021-07-01T00:00:00"],
    ["1/1/49", "M/d/yy", "2049-01-01T00:00:00"],
    ["1/1/50", "M/d/yy", "1950-01-01T00:00:00"],
    ["Fri, 02 Jul 2021 01:02:03 GMT", "R", "2021-07-02T01:02:03"],
    ["2021-07-02T01:02:03.5+02:00", "yyyy-MM-ddTHH:mm:ss.FFFK", "2021-07-01T23:02:03"],
    ["2021-07-02T01:02:03Z", "yyyy-MM-ddTHH:mm:ss.FFFK", "2021-07-02T01:02:03"],
    ["2021-07-02T01:02:03", "yyyy-MM-ddTHH:mm:ssK", "2021-07-02T01:02:03"],
  ])("%s in the format %s is %s", (text, format, iso) => {
    expect(isoOf(parsedAs(text, format, strict, now))).toBe(iso);
  });

  test.each([
    ["2021-7-2", "yyyy-MM-dd"],
    ["2021-07-02 ", "yyyy-MM-dd"],
    ["2021-07-02T", "yyyy-MM-dd"],
    ["02 Ju 2021", "dd MMM yyyy"],
    ["02 Jul 2021", "dd MMMM yyyy"],
    ["21-07-02", "yyyy-MM-dd"],
  ])("%j does not have the format %s", (text, format) => {
    expect(parsedAs(text, format, strict, now)).toBeUndefined();
  });

  test("blanks count or not, as the styles have it", () => {
    expect(isoOf(parsedAs(" 2021-07-02 ", "yyyy-MM-dd", { ...strict, leading: true, trailing: true }, now))).toBe(
      "2021-07-02T00:00:00",
    );
    expect(isoOf(parsedAs("2 . 7 . 2021", "d.M.yyyy", { ...strict, inner: true }, now))).toBe("2021-07-02T00:00:00");
  });

  test.each([
    ["", "a date format has between 1 and 200 characters"],
    ["x", 'there is no standard date format "x"'],
    ["yyyy'", "the date format has an unclosed '"],
    ["yyyy\\", "the date format ends with \\"],
    ["ffffffff", "a date format has at most 7 digits of a second's fraction"],
  ])("the format %j is refused", (format, message) => {
    expect(() => formatted(moment, format)).toThrow(new RangeError(message));
  });

  test("days and times that do not exist are refused", () => {
    expect(() => parsedAs("2021-02-29", "yyyy-MM-dd", strict, now)).toThrow("there is no day 2021-2-29");
    expect(() => parsedAs("24:00", "HH:mm", strict, now)).toThrow("there is no time 24:0:0");
    expect(() => parsedAs("13:00 PM", "h:mm tt", strict, now)).toThrow("there is no time 13 PM");
    expect(() => parsedMoment("2021-01-01+15:00")).toThrow("an offset from UTC is at most 14 hours");
  });

  test("what is written in a format is read in it again, to the tick", () => {
    const clocks = fc.record({
      year: fc.integer({ min: 1, max: 9999 }),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 28 }),
      hour: fc.nat(23),
      minute: fc.nat(59),
      second: fc.nat(59),
      ticks: fc.oneof(fc.constant(0), fc.nat(9_999_999)),
    });
    const formats = fc.constantFrom(
      "o",
      "M/d/yyyy h:m:s.fffffff tt",
      "dddd, dd MMMM yyyy HH:mm:ss.FFFFFFF",
      "'on' d MMM yyyy hh-mm-ss-fffffff t zzz",
    );
    fc.assert(
      fc.property(clocks, formats, (clock, format) => {
        const moment = momentOf(clock);
        expect(parsedAs(formatted(moment, format), format, strict, now)).toEqual(moment);
        expect(parsedMoment(textOfMoment(moment))).toEqual({ ...moment, ticks: 0 });
      }),
    );
  });
});
