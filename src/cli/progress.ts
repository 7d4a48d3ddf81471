/** Where progress is shown. */
type Target = NodeJS.WriteStream;

/** What takes less than this long shows no progress, in milliseconds; and how often what is shown is drawn anew. */
const AFTER_MS = 1000;
const EVERY_MS = 200;

/** Tells how far something is that takes its time. */
export interface Progress {
  /** What is going on now: a few words. Cheap enough to be called for each record. */
  readonly show: (text: string) => void;
  /** Wipes what is shown. Nothing is shown after that. */
  readonly end: () => void;
}

const nothing: Progress = { show: () => {}, end: () => {} };

/** What is on the terminal now: whoever writes a line there wipes it first. */
let wipeCurrent: () => void = () => {};

/** Wipes the progress that a line is about to be written over; it is drawn again when there is news. */
export const wipeProgress = (): void => wipeCurrent();

/**
 * Shows progress on one line of a terminal, with the seconds that have gone by, once something has taken a second. In a pipe, and on
 * terminals that cannot move the cursor, it shows nothing.
 */
export function startProgress(text: string, stream: Target = process.stderr): Progress {
  if (!stream.isTTY || process.env.TERM === "dumb") return nothing;
  const began = performance.now();
  let [now, drawn, isShown, isOver] = [text, began + AFTER_MS - EVERY_MS, false, false];
  const draw = () => {
    const time = performance.now();
    if (isOver || time - drawn < EVERY_MS) return;
    drawn = time;
    isShown = true;
    const line = `${now} (${Math.floor((time - began) / 1000)} s)`;
    // The last column stays free: a terminal would go on to the next line behind it.
    stream.write(`\r\x1b[K${cut(line, (stream.columns || 80) - 1)}`);
  };
  const wipe = () => {
    if (isShown) stream.write("\r\x1b[K");
    isShown = false;
  };
  const before = wipeCurrent;
  wipeCurrent = wipe;
  // What computes without a pause draws by itself, with `show`; what waits is drawn by the clock.
  const timer = setInterval(draw, EVERY_MS).unref();
  return {
    show: (given) => {
      now = given;
      draw();
    },
    end: () => {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      wipe();
      wipeCurrent = before;
    },
  };
}

/** Does something while its progress is shown. */
export async function withProgress<T>(text: string, work: (progress: Progress) => T | Promise<T>): Promise<T> {
  const progress = startProgress(text);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

/** A text that fits, without control characters. */
function cut(text: string, width: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
  return plain.length <= width ? plain : `${plain.slice(0, Math.max(0, width - 1))}…`;
}
