import { getHeapStatistics } from "node:v8";

/** Signs of overload, as in Envoy's overload manager. */
export interface Pressure {
  /** Used share of the heap, from 0 to 1. */
  readonly heap: number;
  /** Delay of the event loop in milliseconds: the minimum of the last checks. */
  readonly delay: number;
}

/** Above either of these for several checks, new requests are rejected. */
const LIMITS: Pressure = { heap: 0.9, delay: 1000 };
const LOOK_MS = 100;
/** An event loop that is delayed by this much, in milliseconds, is late. */
const LATE_MS = 50;
/** Consecutive bad checks that count as overload: one long turn of the event loop does not. */
const LOOKS = 4;

/** Watches the process. */
export interface OverloadManager {
  readonly pressure: () => Pressure;
  /** Reports whether new requests should be rejected, so that admitted ones can be answered. */
  readonly isOverloaded: () => boolean;
  /** Reports whether the event loop was late just now, because one caller's request delays others. */
  readonly isLate: () => boolean;
  readonly stop: () => void;
}

/** Watches the heap and the event loop until `stop` is called. */
export function createOverloadManager(limits = LIMITS): OverloadManager {
  let pressure: Pressure = { heap: 0, delay: 0 };
  const delays: number[] = [];
  let due = performance.now() + LOOK_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    const late = Math.max(0, now - due);
    due = now + LOOK_MS;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    delays.push(late);
    if (delays.length > LOOKS) delays.shift();
    pressure = { heap: used / limit, delay: delays.length < LOOKS ? 0 : Math.min(...delays) };
  }, LOOK_MS).unref();
  return {
    pressure: () => pressure,
    isOverloaded: () => pressure.heap > limits.heap || pressure.delay > limits.delay,
    isLate: () => delays.some((delay) => delay > LATE_MS),
    stop: () => clearInterval(timer),
  };
}
