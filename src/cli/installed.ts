import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../config/shipped.ts";

/** The version, with the commit that it was built from where that is known: `0.1.0 (commit 2d68c9e, Node.js 24.21.0)`. */
export function versionText(): string {
  const { version } = jsonIn("package.json") as { readonly version: string };
  const { commit } = (jsonIn("dist/build.json") ?? {}) as { readonly commit?: string };
  const built = commit === undefined ? [] : [`commit ${commit.slice(0, 12)}`];
  return `${version} (${[...built, `Node.js ${process.versions.node}`].join(", ")})`;
}

function jsonIn(path: string): unknown {
  const file = join(packageFolder, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
