import { wipeProgress } from "./progress.ts";

/** Whether who reads the output has seen enough, as `head` has. */
let isOver = false;

/** Has output that nobody reads any more, as behind `| head`, dropped without a word. Called once, before anything is written. */
export function takeBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      isOver ||= stream === process.stdout;
    });
}

/** Writes to standard output, and resolves when there is room for more. Gives false where nobody reads any more: then there is no need to go on. */
export async function write(text: string): Promise<boolean> {
  if (isOver) return false;
  wipeProgress();
  await new Promise<void>((done) => void process.stdout.write(text, () => done()));
  return !isOver;
}
