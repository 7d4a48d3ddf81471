import { DateTime, Duration } from "luxon";

/** Dates as rules of a sync see them: at one instant, in one time zone. */
export interface Clock {
  /** The functions that expressions may call, by name without the `$`. */
  readonly functions: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  /** The next instant at which one of the answers given so far becomes another; undefined where none does. */
  readonly due: () => Date | undefined;
}

/** A date that nobody can have. */
export class DateError extends Error {
  override name = "DateError";
}

/** Dates of the far future are how HR systems write that there is no end. */
const OPEN_END = 9999;

/**
 * Makes a clock. It remembers the boundaries of what it was asked, so that a date takes effect on its day although nothing else changes.
 * Its functions throw a `DateError` for a date that nobody can have; of no date they give what no bound means.
 */
export function createClock(now: Date, zone: string, isLastDayInclusive: boolean): Clock {
  const at = DateTime.fromJSDate(now, { zone });
  if (!at.isValid) throw new DateError(`there is no time zone ${JSON.stringify(zone)}`);
  let due: DateTime | undefined;
  const isReached = (boundary: DateTime): boolean => {
    if (boundary <= at) return true;
    if (!due || boundary < due) due = boundary;
    return false;
  };
  const dayOf = (value: unknown): DateTime | undefined => dateIn(value, zone)?.startOf("day");
  const ended = (date: unknown, offset: unknown): boolean => {
    const day = dayOf(date);
    return day !== undefined && isReached(shifted(day, offset).plus({ days: isLastDayInclusive ? 1 : 0 }));
  };
  const text = (day: DateTime | undefined) => day?.toISODate() ?? undefined;
  return {
    due: () => due?.toJSDate(),
    functions: {
      /** `$from(date, offset?)`: whether the date is reached, or the day so long before or after it. False without a date. */
      from: (date, offset) => {
        const day = dayOf(date);
        return day !== undefined && isReached(shifted(day, offset));
      },
      /** `$until(date, offset?)`: whether the last day is not over yet. True without a date. */
      until: (date, offset) => !ended(date, offset),
      /** `$after(date, offset?)`: whether the last day is over. False without a date. */
      after: ended,
      /** `$today()`: the day there. It has no boundary: what depends on it is only looked at when the person changes. */
      today: () => text(at),
      /** `$addDays(date, days)`: the date so many days later. */
      addDays: (date, days) => text(dateIn(date, zone)?.plus({ days: Number(days) })),
    },
  };
}

/** The names of a clock's functions. */
export const CLOCK_FUNCTIONS: readonly string[] = Object.keys(createClock(new Date(0), "UTC", true).functions);

function shifted(day: DateTime, offset: unknown): DateTime {
  if (offset === undefined || offset === null) return day;
  const duration = Duration.fromISO(String(offset));
  if (!duration.isValid) throw new DateError(`${JSON.stringify(offset)} is no duration: write -P1D`);
  return day.plus(duration);
}

/** The date that a value names: of a date-time the day that it is in the zone. Undefined for no value, and for an open end. */
function dateIn(value: unknown, zone: string): DateTime | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = String(value).trim();
  const hasTime = /[T ]\d\d:/.test(text);
  const date = DateTime.fromISO(text.replace(" ", "T"), { zone });
  if (!/^\d{4}-\d\d-\d\d/.test(text) || !date.isValid)
    throw new DateError(`${JSON.stringify(text.slice(0, 40))} is no date that there is: dates are written 2026-01-31`);
  if (date.year >= OPEN_END) return undefined;
  return hasTime ? date : date.startOf("day");
}
