import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../servers/gateway.ts";

/** Every page of documentation, by its path in the repository. */
export const pages = (): string[] =>
  globSync(["*.md", "docs/**/*.md", "deploy/**/*.md", "examples/**/*.md"], {
    cwd: ROOT,
    exclude: ["docs/.vitepress/**", "**/node_modules/**", "CHANGELOG.md"],
  }).sort();

const PENDING = join(ROOT, "test/docs/pending");

/** The pages that do not follow the conventions yet, and so are not run: test/docs/pending/*.txt, one a line. Whoever writes a page anew takes it out. */
export const pendingPages = (): string[] =>
  existsSync(PENDING)
    ? readdirSync(PENDING).flatMap((name) => readFileSync(join(PENDING, name), "utf8").split("\n").filter(Boolean))
    : [];
