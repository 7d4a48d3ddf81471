import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { withOlder } from "./lines.ts";

/** An open file of a log, as long as it was when it was opened. */
export interface Segment {
  readonly path: string;
  /** Names the file whatever it is called: rotating renames it. */
  readonly id: string;
  readonly descriptor: number;
  readonly size: number;
}

/** Opens a log with its rotated files, oldest first, while it may be written and rotated. Throws if its newest file is not there. */
export function openSegments(file: string): { readonly segments: readonly Segment[]; readonly close: () => void } {
  const opened: Segment[] = [];
  const open = (path: string) => {
    const descriptor = openSync(path, "r");
    const { dev, ino, size } = fstatSync(descriptor, { bigint: true });
    const segment = { path, id: `${dev}-${ino}`, descriptor, size: Number(size) };
    // The newest file may just have been renamed, and be listed among the older ones, too.
    if (opened.some(({ id }) => id === segment.id)) closeSync(descriptor);
    else opened.push(segment);
  };
  const close = () => {
    for (const { descriptor } of opened) closeSync(descriptor);
  };
  try {
    open(file);
    for (const path of withOlder(file).slice(0, -1).toReversed().filter(existsSync)) open(path);
  } catch (error) {
    close();
    throw error;
  }
  return { segments: opened.toReversed(), close };
}
