import { useEffect, useState } from "preact/hooks";

const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** How long ago, or ahead, a time is, in a word or two: `5m ago`. Times are in milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const [unit, size] = UNITS.find(([, each]) => Math.abs(at - now) >= each) ?? UNITS.at(-1)!;
  return relative.format(Math.round((at - now) / size), unit);
}

/** A time as people say it, with the whole time behind it. It follows the clock. */
export function Ago({ at }: { readonly at: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={new Date(at).toISOString()} title={absolute.format(at)}>
      {ago(at, now)}
    </time>
  );
}

/** A time of day, to the millisecond. */
export const Clock = ({ at }: { readonly at: number }) => (
  <time dateTime={new Date(at).toISOString()} title={absolute.format(at)} class="number">
    {clock.format(at)}
  </time>
);

/** A duration in milliseconds, as people read it: `3.2 ms`, `1.4 s`, `2 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
