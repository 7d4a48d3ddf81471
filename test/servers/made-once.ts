import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./gateway.ts";

/**
 * Fills an empty folder with a server's first data: by `make` the first time, and as a copy of that later. Servers take seconds to make them,
 * and a copy takes a fraction of one. `from` has all that the data depend on: the server's version, and what `make` is told.
 */
export function madeOnce(from: readonly string[], folder: string, make: () => void): void {
  const all = join(ROOT, ".cache/servers");
  const kept = join(all, createHash("sha256").update(JSON.stringify(from)).digest("hex").slice(0, 16));
  if (existsSync(kept)) {
    copy(kept, folder);
    return;
  }
  make();
  mkdirSync(all, { recursive: true });
  const copied = mkdtempSync(join(all, "new-"));
  copy(folder, copied);
  try {
    renameSync(copied, kept);
  } catch {
    // Another test was first.
    rmSync(copied, { recursive: true });
  }
}

/** Copies all that is in a folder, with its owners and permissions. */
const copy = (from: string, to: string) => void execFileSync("cp", ["-a", "--reflink=auto", `${from}/.`, to]);

/** What a program says its version is. */
export const versionOf = (program: string): string =>
  execFileSync(program, ["--version"], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  }).trim();
