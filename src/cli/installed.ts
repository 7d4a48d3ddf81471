import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../config/shipped.ts";

/** What a build knows of itself, in `dist/`. Sources that run as they are have none. */
const BUILD = join(import.meta.dirname, "../../build.json");

/** The version, with the commit that it was built from where that is known: `0.1.0 (commit 2d68c9e, Node.js 24.21.0)`. */
export function versionText(): string {
  const { version } = jsonIn(join(packageFolder, "package.json")) as { readonly version: string };
  const { commit } = (jsonIn(BUILD) ?? {}) as { readonly commit?: string };
  const built = commit === undefined ? [] : [`commit ${commit.slice(0, 12)}`];
  return `${version} (${[...built, `Node.js ${process.versions.node}`].join(", ")})`;
}

function jsonIn(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
