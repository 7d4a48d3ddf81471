import { useEffect, useState } from "preact/hooks";

const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const inZone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });
const PARTS = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 } as const;
const DAY = { day: "numeric", month: "short" } as const;
const formats = (timeZone: string | undefined) => ({
  clock: new Intl.DateTimeFormat("en-GB", { ...PARTS, timeZone }),
  day: new Intl.DateTimeFormat("en-GB", { ...DAY, timeZone }),
});
const FORMATS = { local: formats(undefined), utc: formats("UTC") };
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** How long ago, or ahead, a time is, in a word or two: `5m ago`. Times are in milliseconds since 1970. */
function ago(at: number, now: number): string {
  const [unit, size] = UNITS.find(([, each]) => Math.abs(at - now) >= each) ?? UNITS.at(-1)!;
  return relative.format(Math.round((at - now) / size), unit);
}

/** The browser's time zone at a time, in short: `CET`, `GMT+1`. */
export const zoneAt = (at: number): string =>
  inZone.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";

/** The whole of a time: in the browser's zone, and in UTC. */
export const wholeTime = (at: number): string => `${absolute.format(at)} (${new Date(at).toISOString()})`;

/** A time as people say it, with the whole time behind it. It follows the clock. */
export function Ago({ at }: { readonly at: number }) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 5000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={new Date(at).toISOString()} title={wholeTime(at)}>
      {ago(at, Date.now())}
    </time>
  );
}

/** In which zone a clock shows a time. */
export type Zone = "local" | "utc";

/** A time of day, to the millisecond, with the day if it is another than today. */
export function Clock({ at, zone = "local" }: { readonly at: number; readonly zone?: Zone }) {
  const { clock, day } = FORMATS[zone];
  const isToday = day.format(at) === day.format(Date.now());
  return (
    <time dateTime={new Date(at).toISOString()} title={wholeTime(at)} class="number">
      {!isToday && `${day.format(at)}, `}
      {clock.format(at)}
    </time>
  );
}

/** A time of day with its zone, and below it how long ago that was. */
export const When = ({ at }: { readonly at: number }) => (
  <span class="when">
    <span>
      <Clock at={at} /> {zoneAt(at)}
    </span>
    <span class="quiet">
      <Ago at={at} />
    </span>
  </span>
);

/** A duration in milliseconds, as people read it: `3.2 ms`, `1.4 s`, `2 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
