import { timeOfId } from "../../journal/entry.ts";
import type { JournalLine } from "../../journal/store.ts";
import type { LiveLine } from "../api/live.ts";

/** An entry as a browser's list shows it. Of its members, its sentence names the first. */
export function lineOf({ members: _, ...line }: JournalLine): LiveLine {
  return { ...line, answered: timeOfId(line.id) };
}
