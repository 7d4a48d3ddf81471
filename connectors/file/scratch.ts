import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "postern-file-";

/** Folders left by a killed process are removed after this long, in milliseconds. */
const LEFT_MS = 86_400_000;

/** A private folder for loaded files, removed when the connector is closed. Folders left by killed processes are removed a day later. */
export function createScratch(within: string): { readonly path: string; readonly remove: () => void } {
  mkdirSync(within, { recursive: true });
  for (const name of readdirSync(within))
    if (name.startsWith(PREFIX) && isLeft(within, name)) remove(join(within, name));
  const path = mkdtempSync(join(within, `${PREFIX}${process.pid}-`));
  return { path, remove: () => remove(path) };
}

const remove = (path: string): void => {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It belongs to another account.
  }
};

function isLeft(within: string, name: string): boolean {
  const pid = Number(name.slice(PREFIX.length).split("-")[0]);
  try {
    if (Date.now() - statSync(join(within, name)).mtimeMs < LEFT_MS) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
