import { globSync } from "node:fs";
import { ROOT } from "../servers/gateway.ts";

/** Every page of documentation, by its path in the repository. */
export const pages = (): string[] =>
  globSync(["*.md", "docs/**/*.md", "deploy/**/*.md", "examples/**/*.md"], {
    cwd: ROOT,
    exclude: ["docs/.vitepress/**", "**/node_modules/**", "CHANGELOG.md"],
  }).sort();
