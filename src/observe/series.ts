/** How far back a series is read: an hour in steps of ten seconds, or a day in minutes. */
export const SPANS = {
  hour: { step: 10_000, length: 360 },
  day: { step: 60_000, length: 1440 },
} as const;
/** One of them. */
export type Span = keyof typeof SPANS;

/** Something that took time. */
export interface Sample {
  /** When it ended, in milliseconds since 1970. */
  readonly at: number;
  readonly ms: number;
  /** How much of that time the backend took, in milliseconds. */
  readonly backendMs?: number;
  readonly isFailed: boolean;
}

/** Samples by time, oldest first. A step without samples has no percentiles. */
export interface Points {
  /** When the first step begins, in milliseconds since 1970, and how long each is. */
  readonly start: number;
  readonly step: number;
  readonly counts: readonly number[];
  readonly failures: readonly number[];
  /** The average duration, and how much of it the backend took. */
  readonly means: readonly (number | null)[];
  readonly backend: readonly (number | null)[];
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  /** All of them together. */
  readonly total: Total;
}

/** Samples of a whole span. Percentiles are null if there are none. */
export interface Total {
  readonly count: number;
  readonly failures: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** Durations by name over the last day, in memory that doesn't grow with their number. */
export interface Series {
  readonly add: (name: string, sample: Sample) => void;
  readonly names: () => readonly string[];
  /** The samples of some names, or of all. */
  readonly read: (span: Span, now: number, names?: readonly string[]) => Points;
  readonly total: (span: Span, now: number, names?: readonly string[]) => Total;
}

/** Maximum number of names, unless told. Samples of further ones are counted under `OTHER`. */
const MAX_NAMES = 32;
/** Where samples are counted once there are too many names. */
export const OTHER = "(other)";

/** Upper bounds of durations in milliseconds: two to each doubling, from half a millisecond to a minute. */
const BOUNDS = Float64Array.from({ length: 34 }, (_, index) => 0.5 * 2 ** (index / 2));
const CLASSES = BOUNDS.length + 1;

/** The steps of one name and span, in rings: `numbers` says which step a place holds. */
interface Ring {
  readonly step: number;
  readonly length: number;
  readonly numbers: Float64Array;
  readonly failures: Uint32Array;
  readonly sums: Float64Array;
  readonly backend: Float64Array;
  readonly classes: Uint32Array;
}

const newRing = ({ step, length }: (typeof SPANS)[Span]): Ring => ({
  step,
  length,
  numbers: new Float64Array(length).fill(-1),
  failures: new Uint32Array(length),
  sums: new Float64Array(length),
  backend: new Float64Array(length),
  classes: new Uint32Array(length * CLASSES),
});

/** Bounds of a series. */
export interface SeriesOptions {
  /** Maximum number of names. A name takes 60 KB for the hour, and 240 KB for the day. */
  readonly names?: number;
  readonly spans?: readonly Span[];
}

/** Creates an empty series. */
export function createSeries({ names: maxNames = MAX_NAMES, spans = ["hour", "day"] }: SeriesOptions = {}): Series {
  const rings = new Map<string, readonly Ring[]>();
  const ringsOf = (name: string) => {
    const known = rings.get(name);
    if (known) return known;
    const used = rings.size < maxNames - 1 ? name : OTHER;
    const made = rings.get(used) ?? spans.map((span) => newRing(SPANS[span]));
    rings.set(used, made);
    return made;
  };
  const chosen = (span: Span, names: readonly string[] = [...rings.keys()]): Ring[] =>
    names.flatMap((name) => rings.get(name)?.[spans.indexOf(span)] ?? []);
  return {
    add: (name, sample) => {
      for (const ring of ringsOf(name)) put(ring, sample);
    },
    names: () => [...rings.keys()],
    read: (span, now, names) => readRings(chosen(span, names), span, now),
    total: (span, now, names) => readRings(chosen(span, names), span, now).total,
  };
}

function put(ring: Ring, { at, ms, backendMs = 0, isFailed }: Sample): void {
  const number = Math.floor(at / ring.step);
  const place = number % ring.length;
  // A clock that was set back by more than the span: what is newer stays.
  if (ring.numbers[place]! > number) return;
  if (ring.numbers[place] !== number) {
    ring.numbers[place] = number;
    ring.failures[place] = 0;
    ring.sums[place] = 0;
    ring.backend[place] = 0;
    ring.classes.fill(0, place * CLASSES, (place + 1) * CLASSES);
  }
  if (isFailed) ring.failures[place]!++;
  ring.sums[place]! += ms;
  ring.backend[place]! += backendMs;
  ring.classes[place * CLASSES + classOf(ms)]!++;
}

/** The class of a duration: the first whose bound it doesn't exceed. */
const classOf = (ms: number): number =>
  ms <= BOUNDS[0]! ? 0 : Math.min(CLASSES - 1, Math.ceil(2 * Math.log2(ms / 0.5) - 1e-9));

function readRings(rings: readonly Ring[], span: Span, now: number): Points {
  const { step, length } = SPANS[span];
  const first = Math.floor(now / step) - length + 1;
  const whole = new Float64Array(CLASSES);
  let [count, failed] = [0, 0];
  const points = Array.from({ length }, (_, index) => {
    const number = first + index;
    const place = number % length;
    const classes = new Float64Array(CLASSES);
    let [failures, sum, backend] = [0, 0, 0];
    for (const ring of rings) {
      if (ring.numbers[place] !== number) continue;
      failures += ring.failures[place]!;
      sum += ring.sums[place]!;
      backend += ring.backend[place]!;
      for (let at = 0; at < CLASSES; at++) classes[at]! += ring.classes[place * CLASSES + at]!;
    }
    const own = classes.reduce((all, each) => all + each, 0);
    for (let at = 0; at < CLASSES; at++) whole[at]! += classes[at]!;
    count += own;
    failed += failures;
    const mean = (of: number) => (own === 0 ? null : rounded(of / own));
    return { count: own, failures, mean: mean(sum), backend: mean(backend), classes };
  });
  const quantiles = (share: number) => points.map(({ classes, count: of }) => quantile(classes, of, share));
  return {
    start: first * step,
    step,
    counts: points.map((each) => each.count),
    failures: points.map((each) => each.failures),
    means: points.map(({ mean }) => mean),
    backend: points.map(({ backend }) => backend),
    p50: quantiles(0.5),
    p95: quantiles(0.95),
    p99: quantiles(0.99),
    total: {
      count,
      failures: failed,
      p50: quantile(whole, count, 0.5),
      p95: quantile(whole, count, 0.95),
      p99: quantile(whole, count, 0.99),
    },
  };
}

/** A percentile as the bound of its class: at most 42 % too high, never too low, up to a minute. */
function quantile(classes: Float64Array, count: number, share: number): number | null {
  if (count === 0) return null;
  let left = Math.ceil(count * share);
  const index = classes.findIndex((each) => {
    left -= each;
    return left <= 0;
  });
  return rounded(BOUNDS[Math.min(index, BOUNDS.length - 1)]!);
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
