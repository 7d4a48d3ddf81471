import { getHeapStatistics } from "node:v8";

/** Signs of a process that has too much to do, as Envoy's overload manager looks at them. */
export interface Pressure {
  /** The part of the heap that is in use, from 0 to 1. */
  readonly heap: number;
  /** How late the event loop is, in milliseconds: the least of the last looks at it. */
  readonly delay: number;
}

/** Above one of these, and for a while, no new request is taken. */
const LIMITS: Pressure = { heap: 0.9, delay: 1000 };
const LOOK_MS = 100;
/** A process that comes so much later than it was to, in milliseconds, is late. */
const LATE_MS = 50;
/** So many looks in a row must be bad: one long turn of the event loop is no overload. */
const LOOKS = 4;

/** Looks at the process itself. */
export interface OverloadManager {
  readonly pressure: () => Pressure;
  /** Whether new requests are to be refused, so that those within can be answered. */
  readonly isOverloaded: () => boolean;
  /** Whether the process was late just now: what one caller asks for holds up the others. */
  readonly isLate: () => boolean;
  readonly stop: () => void;
}

/** Watches the heap and the event loop; `stop` ends it. */
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
