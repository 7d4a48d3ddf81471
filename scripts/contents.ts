import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Group, type Page, type Shelf, shelves } from "../docs/.vitepress/shelves.ts";

const docs = join(import.meta.dirname, "../docs");

const titleOf = (path: string): string => /^# (.+)$/m.exec(readFileSync(join(docs, path), "utf8"))?.[1] ?? path;

const line = ([path, says]: Page): string => `- [${titleOf(path)}](${path}): ${says}`;

const group = ({ title, pages }: Group): string =>
  [...(title === undefined ? [] : [`### ${title}\n`]), pages.map(line).join("\n"), ""].join("\n");

const shelf = ({ title, purpose, groups }: Shelf): string =>
  `## ${title}\n\n${purpose}\n\n${groups.map(group).join("\n")}`;

/** docs/README.md: every page by shelf, with what it says in one line. */
export function contentsPage(): string {
  return `# Documentation

Postern is a SCIM 2.0 gateway in front of directories, databases and HTTP APIs. The [README](../README.md) says what it does and how to start it.

${shelves.map(shelf).join("\n")}`;
}
