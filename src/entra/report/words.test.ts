import { expect, test } from "vitest";
import { counted, duration, rate, time } from "./words.ts";

test("durations have the unit that fits", () => {
  expect([0, 4.25, 999, 1340, 119_000, 720_000, 9_000_000].map(duration)).toEqual([
    "0 ms",
    "4.3 ms",
    "999 ms",
    "1.3 s",
    "119 s",
    "12 min",
    "2.5 h",
  ]);
});

test("one is singular, and thousands have commas", () => {
  expect([
    counted(1, "cycle"),
    counted(0, "cycle"),
    counted(1200, "person", "people"),
    rate(7.25),
    rate(1234.5),
  ]).toEqual(["1 cycle", "0 cycles", "1,200 people", "7.3", "1,235"]);
});

test("times are in UTC; what is no time is shown as it is", () => {
  expect([time(0), time(Number.NaN)]).toEqual(["1970-01-01 00:00:00 UTC", "NaN"]);
});
