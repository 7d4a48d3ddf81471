// Builds dist/, anew: what tsc makes of the sources, the console's files, and the commit that they are of, for `postern --version`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Runs a command. Gives its output; undefined where it failed. */
function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The commit of a clone without changes; of an image what its build was given. */
function commitOf() {
  if (process.env.COMMIT) return process.env.COMMIT;
  if (!existsSync(join(root, ".git"))) return undefined;
  return output("git", "status", "--porcelain", "--untracked-files=no") === ""
    ? output("git", "rev-parse", "HEAD")
    : undefined;
}

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, "node_modules/typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
if (status !== 0) process.exit(1);
const { bundle } = await import("../src/console/bundle.ts");
mkdirSync(join(dist, "console"));
for (const { name, content } of (await bundle()).files) writeFileSync(join(dist, "console", name), content);
const commit = commitOf();
if (commit !== undefined) writeFileSync(join(dist, "build.json"), `${JSON.stringify({ commit })}\n`);
