import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression } from "./compile.ts";

const evaluate = (source: string, input: unknown = {}) => compileExpression(source).evaluate(input);
const failing = (source: string, input?: unknown) => expect(evaluate(source, input)).rejects;

const day = fc
  .date({ min: new Date("0002-01-01"), max: new Date("4711-12-31"), noInvalidDate: true })
  .map((each) => each.toISOString().slice(0, 10));
const offset = fc
  .tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 14 }), fc.constantFrom("00", "30", "45"))
  .map(([sign, hours, minutes]) => `${sign}${String(hours).padStart(2, "0")}:${minutes}`);

describe("$date", () => {
  test.each([
    ['$date("2020-03-16")', "2020-03-16"],
    ['$date(" 2020-03-16 ")', "2020-03-16"],
    // Workday: an offset without a time.
    ['$date("2020-03-16-07:00")', "2020-03-16"],
    ['$date("2020-03-16Z")', "2020-03-16"],
    // Personio: midnight in Berlin is the day before in UTC.
    ['$date("2020-03-16T00:00:00+01:00")', "2020-03-16"],
    ['$date("2020-03-16T00:00:00+01:00", "", "UTC")', "2020-03-16"],
    ['$date("2020-03-16T00:00:00.000Z", "", "America/New_York")', "2020-03-16"],
    ['$date("2020-03-15T23:00:00Z", "", "Europe/Berlin")', "2020-03-16"],
    ['$date("2020-03-16T02:30:00+01:00", "", "America/New_York")', "2020-03-15"],
    ['$date("2020-03-15T23:00:00Z")', "2020-03-15"],
    ['$date("2020-03-16 08:15:00")', "2020-03-16"],
    ['$date("/Date(1584316800000)/")', "2020-03-16"],
    ['$date("/Date(1584316800000+0000)/")', "2020-03-16"],
    ['$date("/Date(1584313200000+0060)/")', "2020-03-16"],
    ['$date("/Date(1584316799000)/", "", "Europe/Berlin")', "2020-03-16"],
    ['$date("/Date(-2208988800000)/")', "1900-01-01"],
    ['$date("/Date(253402214400000)/")', undefined],
    ['$date("20200316")', "2020-03-16"],
    ["$date(20200316)", "2020-03-16"],
    ['$date("16/03/2020", "dd/mm/yyyy")', "2020-03-16"],
    ['$date("3/16/2020", "mm/dd/yyyy")', "2020-03-16"],
    ['$date("16.3.2020", "DD.MM.YYYY")', "2020-03-16"],
    ['$date("16/03/2020 00:00:00", "dd/mm/yyyy")', "2020-03-16"],
    ['$date("16-Mar-2020", "dd-mmm-yyyy")', "2020-03-16"],
    ['$date("16032020", "ddmmyyyy")', "2020-03-16"],
    ['$date("2020-03-16", "dd/mm/yyyy")', "2020-03-16"],
    ['$date("99991231")', undefined],
    ['$date("9999-12-31T00:00:00")', undefined],
    ['$date("31/12/9999", "dd/mm/yyyy")', undefined],
    ['$date("4712-12-31")', undefined],
    ['$date("0000-00-00")', undefined],
    ['$date("00000000")', undefined],
    ['$date("0001-01-01T00:00:00")', undefined],
    ['$date("")', undefined],
    ["$date(null)", undefined],
    ["$date(missing)", undefined],
    ['$date("2024-02-29")', "2024-02-29"],
    ['$date("1900-02-28")', "1900-02-28"],
  ])("%s", async (source, expected) => {
    expect(await evaluate(source)).toEqual(expected);
  });

  test.each([
    '$date("2021-02-31")',
    '$date("2021-02-29")',
    '$date("1900-02-29")',
    '$date("20211301")',
    '$date("2021-00-10")',
    '$date("31/02/2021", "dd/mm/yyyy")',
    '$date("2021-02-31T00:00:00+01:00")',
    '$date("2021-02-30T23:00:00Z", "", "Europe/Berlin")',
  ])("a day that nobody can have is an error that says so, without the date: %s", async (source) => {
    const error = await evaluate(source).catch((each: Error) => each.message);
    expect(error).toMatch(/does not exist/);
  });

  test("$isDate says beforehand whether it is one", async () => {
    const of = (text: unknown) => evaluate("$isDate(text)", { text });
    expect(await Promise.all(["2020-02-29", "0000-00-00", "", null].map(of))).toEqual([true, true, true, true]);
    expect(await Promise.all(["2021-02-29", "29/02/2020", "soon"].map(of))).toEqual([false, false, false]);
    expect(await evaluate('$isDate("29/02/2020", "dd/mm/yyyy")')).toBe(true);
  });

  test("a text that could be read in two ways is an error that asks for the format", async () => {
    for (const text of ["03/04/2020", "3.4.2020", "soon", "2020-3-16", "1584316800000", "2020-03-16T25:00:00Z"])
      await failing("$date(text)", { text }).toThrow(/format|time of day/);
    await failing('$date("1/1/20", "dd/mm/yy")').toThrow(/yyyy/);
    await failing('$date("1/1/2020", "dd/dd/yyyy")').toThrow(/once each/);
    await failing('$date("2020-03-15T23:00:00Z", "", "Mars/Olympus")').toThrow(/IANA/);
  });

  test("every day comes back from each form that it is written in", async () => {
    await fc.assert(
      fc.asyncProperty(day, offset, async (iso, ahead) => {
        const [year, month, date] = iso.split("-") as [string, string, string];
        const ms = Date.UTC(Number(year), Number(month) - 1, Number(date));
        fc.pre(Number(year) > 99);
        const forms: [string, string?][] = [
          [iso],
          [`${iso}${ahead}`],
          [`${iso}T00:00:00${ahead}`],
          [`${iso}T00:00:00.000Z`],
          [`${year}${month}${date}`],
          [`/Date(${ms})/`],
          [`/Date(${ms}+0000)/`],
          [`${date}/${month}/${year}`, "dd/mm/yyyy"],
          [`${Number(month)}/${Number(date)}/${year}`, "m/d/yyyy"],
          [`${date}.${month}.${year}`, "dd.mm.yyyy"],
        ];
        for (const [text, format] of forms)
          expect(await evaluate("$date(text, format)", { text, ...(format && { format }) })).toBe(iso);
      }),
      { numRuns: 40 },
    );
  });

  test("an instant is the day that Intl says it is in the zone", async () => {
    const zone = fc.constantFrom("Europe/Oslo", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "UTC");
    const instant = fc.date({ min: new Date("1975-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
    await fc.assert(
      fc.asyncProperty(instant, zone, async (at, zone) => {
        fc.pre(!at.toISOString().includes("T00:00:00"));
        const there = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" }).format(at);
        expect(await evaluate('$date(text, "", zone)', { text: at.toISOString(), zone })).toBe(there);
      }),
      { numRuns: 60 },
    );
  });
});

test("$today is the day in the zone, of which there are never more than two at a time", async () => {
  const days = await Promise.all(
    ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"].map((zone) => evaluate("$today(zone)", { zone })),
  );
  for (const each of days) expect(each).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(new Set(days).size).toBeGreaterThan(1);
  await failing('$today("Nowhere")').toThrow(/IANA/);
});

describe("rows of a person", () => {
  const jobs = [
    { id: 1, startDate: "2015-01-01", endDate: "2018-12-31" },
    { id: 2, startDate: "2019-01-01", endDate: null },
    { id: 3, startDate: "2999-01-01" },
  ];
  test.each<[string, unknown, unknown]>([
    ["$primary(jobs).id", { jobs }, 2],
    ["$primary(jobs).id", { jobs: [{ ...jobs[0], PrimaryFlag: "Y" }, jobs[1]] }, 1],
    [
      "$primary(jobs).id",
      {
        jobs: [
          { ...jobs[0], Primary_Job: "1" },
          { ...jobs[1], Primary_Job: "0" },
        ],
      },
      1,
    ],
    ["$primary(jobs).id", { jobs: [jobs[0], { ...jobs[0], id: 9, startDate: "2016-01-01" }] }, 9],
    ["$primary(jobs).id", { jobs: jobs[2] }, 3],
    ["$primary(jobs).id", { jobs: [] }, undefined],
    ["$primary(missing)", {}, undefined],
    ['$primary(jobs, function($row) { $row.status = "A" }).id', { jobs: [{ ...jobs[0], status: "A" }, jobs[1]] }, 1],
    ['$primary(jobs, function($row) { $row.status in ["A", "U"] }).id', { jobs }, 2],
    ['$asOf(jobs, "2018-12-31").id', { jobs }, 1],
    ['$asOf(jobs, "2019-01-01").id', { jobs }, 2],
    ['$asOf(jobs, "3000-01-01").id', { jobs }, [3, 2]],
    ['$count($asOf(jobs, "2000-01-01"))', { jobs }, 0],
    ['$asOf(rows, "20200101").p', { rows: [{ p: 1, BEGDA: "20190101", ENDDA: "99991231" }] }, 1],
    ['$asOf(rows, "2020-01-01", "a", "b").p', { rows: [{ p: 1, a: "2020-01-01", b: "2020-01-01" }] }, 1],
    ["$count($asOf(missing, '2020-01-01'))", {}, 0],
    // A wrong date in one row hides no other.
    ["$primary(jobs).id", { jobs: [{ id: 8, startDate: "31/31/2020" }, jobs[0]] }, 1],
    ["$primary(jobs).id", { jobs: [{ id: 8, startDate: "2020-02-31" }] }, 8],
    ["$asOf(jobs, '2018-01-01').id", { jobs: [{ id: 8, startDate: "2017-02-31" }, jobs[0]] }, 1],
  ])("%s", async (source, input, expected) => {
    expect(await evaluate(source, input)).toEqual(expected);
  });

  const row = fc.record({
    id: fc.nat({ max: 9 }),
    startDate: fc.option(day, { nil: null }),
    endDate: fc.option(day, { nil: null }),
    isPrimary: fc.constantFrom(true, false, "yes", "no", null),
  });
  const rows = fc.array(row, { minLength: 1, maxLength: 6 });

  test("which row counts does not depend on the order that they come in", async () => {
    const shuffled = rows.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }), day),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([one, other, date]) => {
        for (const source of ["$primary(rows)", "$asOf(rows, date)"])
          expect(await evaluate(source, { rows: one, date })).toEqual(await evaluate(source, { rows: other, date }));
      }),
      { numRuns: 60 },
    );
  });

  test("a row that is marked is never passed over for one that is not, and rows as of a day are valid on it", async () => {
    await fc.assert(
      fc.asyncProperty(rows, day, async (rows, date) => {
        const chosen = (await evaluate("$primary(rows)", { rows })) as { isPrimary: unknown };
        const isMarked = (each: { isPrimary: unknown }) => each.isPrimary === true || each.isPrimary === "yes";
        expect(isMarked(chosen)).toBe(rows.some(isMarked));
        const valid = rows.filter(
          ({ startDate, endDate }) => (startDate ?? "") <= date && (endDate === null || date <= endDate),
        );
        const found = (await evaluate("$asOf(rows, date)", { rows, date })) as typeof rows;
        expect([...found].sort()).toHaveLength(valid.length);
        for (const each of found) expect(valid).toContainEqual(each);
        const starts = found.map(({ startDate }) => startDate ?? "");
        expect(starts).toEqual([...starts].sort().reverse());
      }),
      { numRuns: 60 },
    );
  });
});

describe("$normalize, $country and $key", () => {
  test.each([
    ['$normalize("Jürgen Groß", "entra")', "Jurgen Gross"],
    ['$normalize("Jürgen Groß", "german")', "Juergen Gross"],
    ['$normalize("Ju\u0308rgen", "german")', "Juergen"],
    ['$normalize("MÜLLER", "german")', "MUELLER"],
    ['$normalize("Özil", "german")', "Oezil"],
    ['$normalize("Søren Åse Łódź Đặng", "entra")', "Soeren Ase Lodz Dang"],
    ['$normalize("José", "german")', "Jose"],
    ['$normalize("日本", "entra")', "日本"],
    ["$normalize(missing)", undefined],
    ['$country("UK", "alpha2")', "GB"],
    ['$country("uk")', "GB"],
    ['$country("United Kingdom", "alpha2")', "GB"],
    ['$country("England", "alpha2")', "GB"],
    ['$country("GBR", "alpha2")', "GB"],
    ['$country("826", "alpha2")', "GB"],
    ["$country(4, 'alpha2')", "AF"],
    ['$country("GB", "alpha3")', "GBR"],
    ['$country("GB", "numeric")', "826"],
    ['$country("GB", "name")', "United Kingdom"],
    ['$country("USA", "alpha2")', "US"],
    ['$country("Czech Republic", "alpha2")', "CZ"],
    ['$country("Turkey", "alpha2")', "TR"],
    ['$country("Deutschland", "alpha2", "de")', "DE"],
    ['$country("DE", "name", "de")', "Deutschland"],
    ['$country("Atlantis", "alpha2")', undefined],
    ['$country("constructor", "alpha2")', undefined],
    ['$country("")', undefined],
    ["$country(missing)", undefined],
    ['$key(" EMP1222 ", 8)', "EMP1222"],
    ["$key(1222)", "1222"],
    ['$key("1222", 8)', "00001222"],
    ['$key("000000001222", 8)', "00001222"],
    ['$key("0", 4)', "0000"],
    ['$key("0012")', "0012"],
    ['$key("  ")', undefined],
    ["$key(missing, 8)", undefined],
  ])("%s", async (source, expected) => {
    expect(await evaluate(source)).toEqual(expected);
  });

  test("a misspelt style, form, language or width is an error that lists what there is", async () => {
    await failing('$normalize("x", "swiss")').toThrow(/entra, german/);
    await failing('$country("GB", "alpha4")').toThrow(/alpha2, alpha3, numeric, name/);
    await failing('$country("GB", "name", "../en")').toThrow(/ISO 639-1/);
    await failing('$key("1", 0)').toThrow(/from 1 to 100/);
  });

  test("every country is the same one by its codes and by its name", async () => {
    const { default: iso } = await import("i18n-iso-countries");
    const every = Object.keys(iso.getAlpha2Codes());
    expect(every.length).toBeGreaterThan(240);
    for (const code of every)
      for (const form of ["alpha2", "alpha3", "numeric", "name"])
        expect(await evaluate(`$country($country(code, "${form}"), "alpha2")`, { code })).toBe(code);
  });

  test("keys are equal where the numbers are, and normalising twice changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 12 }), fc.string(), async (n, zeros, text) => {
        expect(await evaluate("$key(text, 8)", { text: `${"0".repeat(zeros)}${n} ` })).toBe(String(n).padStart(8, "0"));
        for (const source of ["$key(text, 8)", '$normalize(text, "german")', '$normalize(text, "entra")']) {
          const once = await evaluate(source, { text });
          expect(await evaluate(source, { text: once })).toEqual(once);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("no Latin letter keeps its accent", async () => {
    const latin = fc.string({ unit: fc.integer({ min: 0xc0, max: 0x17f }).map((code) => String.fromCharCode(code)) });
    await fc.assert(
      fc.asyncProperty(latin, fc.constantFrom("entra", "german"), async (text, style) => {
        expect(await evaluate("$normalize(text, style)", { text, style })).not.toMatch(/[äöüéèñçåøæœßłđ]|\p{M}/iu);
      }),
      { numRuns: 60 },
    );
  });
});
