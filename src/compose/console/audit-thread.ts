import { parentPort } from "node:worker_threads";
import { headBeside } from "../../../sinks/file/head-file.ts";
import { linesIn } from "../../../sinks/file/lines.ts";
import { openSegments } from "../../../sinks/file/segments.ts";
import type { Anchors } from "../../../sinks/file/verify.ts";
import { type Found, type Reached, verifying } from "../../../sinks/file/whole.ts";
import { answerTasks } from "../../thread/thread.ts";

/** A log to verify, with what is known of it. */
export interface VerifyTask extends Pick<Anchors, "key" | "first" | "last" | "chains"> {
  readonly file: string;
  readonly head: string;
}

/** How far the thread is, of how many bytes; or what it found. */
export type VerifyAnswer =
  | { readonly reached: Reached | undefined; readonly total: number }
  | { readonly found: Found };

/** How long the thread works before it says how far it is, in milliseconds. */
const PIECE_MS = 250;

let current:
  | { readonly work: ReturnType<typeof verifying>; readonly close: () => void; readonly total: number }
  | undefined;

/** The thread that verifies logs, one at a time, in pieces: a task begins one, and `continue` goes on. */
answerTasks(parentPort!, (task: VerifyTask | "continue"): VerifyAnswer => {
  if (task !== "continue") return begin(task);
  const until = performance.now() + PIECE_MS;
  for (let reached: Reached | undefined; ; ) {
    const { done, value } = current!.work.next();
    if (done) {
      end();
      return { found: value };
    }
    reached = value;
    if (performance.now() > until) return { reached, total: current!.total };
  }
});

function begin({ file, head, ...anchors }: VerifyTask): VerifyAnswer {
  end();
  // Before the files, which may grow meanwhile: a head is never ahead of them.
  const found = headBeside(head, anchors.key);
  const { segments, close } = openSegments(file);
  const total = segments.reduce((sum, { size }) => sum + size, 0);
  const files = segments.map(({ path, descriptor, size }) => ({
    name: path,
    lines: () => linesIn(descriptor, size),
  }));
  current = { work: verifying(files, { ...anchors, head: found }), close, total };
  return { reached: undefined, total };
}

function end(): void {
  current?.close();
  current = undefined;
}
