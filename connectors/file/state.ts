import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

const file = z.object({
  name: z.string(),
  /** Where it was last, within the drop. */
  at: z.string(),
  hash: z.string(),
  bytes: z.number(),
  modified: z.number(),
  dated: z.string().optional(),
});

const state = z.object({
  /** The last file that was taken. */
  taken: file.optional(),
  /** A newer one that was refused, and why. */
  refused: file.extend({ why: z.string() }).optional(),
});

/** A file that was taken or refused. */
export type Known = z.output<typeof file>;
/** What is remembered from one start to the next. */
export type State = z.output<typeof state>;

/** Reads what is remembered; nothing where there is no file yet. */
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
      `${path} is damaged: it says which file was taken last. Delete it to begin with the newest file in the drop`,
      { cause: error },
    );
  }
}

/** Remembers; the file is there as a whole or as it was. */
export async function writeState(path: string, given: State): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(given, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
