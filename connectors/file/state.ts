import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

const file = z.object({
  name: z.string(),
  /** Its last place in the drop folder. */
  at: z.string(),
  hash: z.string(),
  bytes: z.number(),
  modified: z.number(),
  dated: z.string().optional(),
});

const state = z.object({
  /** The last accepted file. */
  taken: file.optional(),
  /** A newer file that was refused, and why. */
  refused: file.extend({ why: z.string() }).optional(),
});

/** An accepted or refused file. */
export type Known = z.output<typeof file>;
/** What is remembered across restarts. */
export type State = z.output<typeof state>;

/** Reads the state; empty if there is no file yet. */
export async function readState(path: string): Promise<State> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    return state.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `${path} is damaged: it records which file was accepted last. Delete it to start with the newest file in the drop folder`,
      { cause: error },
    );
  }
}

/** Writes the state atomically. */
export async function writeState(path: string, given: State): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(given, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
