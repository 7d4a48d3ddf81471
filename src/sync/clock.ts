import { DateTime, Duration } from "luxon";

/** Dates for a sync's rules: at one instant, in one time zone. */
export interface Clock {
  /** Functions for expressions, by name without the `$`. */
  readonly functions: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  /** The next instant at which a result so far will change; undefined if none will. */
  readonly due: () => Date | undefined;
}

/** An impossible date. */
export class DateError extends Error {
  override name = "DateError";
}

/** HR systems use dates in the far future for an open end. */
const OPEN_END = 9999;

/**
 * Makes a clock. It records the boundaries of its results, so that a date takes effect on its day even if nothing else changes. Its
 * functions throw a `DateError` for an impossible date; without a date they behave as if there were no bound.
 */
export function createClock(now: Date, zone: string, isLastDayInclusive: boolean): Clock {
  const at = DateTime.fromJSDate(now, { zone });
  if (!at.isValid)
    throw new DateError(`unknown time zone ${JSON.stringify(zone)}: use an IANA name, such as Europe/Oslo`);
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
      /** `$from(date, offset?)`: whether the date, shifted by an offset, has been reached. False without a date. */
      from: (date, offset) => {
        const day = dayOf(date);
        return day !== undefined && isReached(shifted(day, offset));
      },
      /** `$until(date, offset?)`: whether the last day is not over yet. True without a date. */
      until: (date, offset) => !ended(date, offset),
      /** `$after(date, offset?)`: whether the last day is over. False without a date. */
      after: ended,
      /** `$today()`: the current day. It has no boundary: results are evaluated again only when the person changes. */
      today: () => text(at),
      /** `$addDays(date, days)`: the date so many days later. */
      addDays: (date, days) => text(dateIn(date, zone)?.plus({ days: Number(days) })),
    },
  };
}

/** The names of the clock's functions. */
export const CLOCK_FUNCTIONS: readonly string[] = Object.keys(createClock(new Date(0), "UTC", true).functions);

function shifted(day: DateTime, offset: unknown): DateTime {
  if (offset === undefined || offset === null) return day;
  const duration = Duration.fromISO(String(offset));
  if (!duration.isValid) throw new DateError(`${JSON.stringify(offset)} is not a duration: write -P1D`);
  return day.plus(duration);
}

/** The date of a value: of a date-time, its day in the zone. Undefined for no value and an open end. */
function dateIn(value: unknown, zone: string): DateTime | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = String(value).trim();
  const hasTime = /[T ]\d\d:/.test(text);
  const date = DateTime.fromISO(text.replace(" ", "T"), { zone });
  if (!/^\d{4}-\d\d-\d\d/.test(text) || !date.isValid)
    throw new DateError(`${JSON.stringify(text.slice(0, 40))} is not an existing date: write dates as 2026-01-31`);
  if (date.year >= OPEN_END) return undefined;
  return hasTime ? date : date.startOf("day");
}
