import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import MarkdownIt from "markdown-it";
import { expect, test } from "vitest";
import { ROOT } from "../servers/gateway.ts";

const markdown = new MarkdownIt({ html: true, linkify: false });
const files = globSync("**/*.md", {
  cwd: ROOT,
  exclude: ["**/node_modules/**", ".cache/**", "dist/**", "docs/.vitepress/**", "coverage/**"],
}).sort();

interface Link {
  readonly line: number;
  readonly target: string;
}
interface Linked {
  readonly links: readonly Link[];
  readonly anchors: ReadonlySet<string>;
}

const known = new Map<string, Linked>();

function read(file: string): Linked {
  const before = known.get(file);
  if (before) return before;
  const tokens = markdown.parse(
    readFileSync(join(ROOT, file), "utf8").replace(/^---\n[\s\S]*?\n---\n/, frontMatterLines),
    {},
  );
  const anchors = new Set<string>();
  const links: Link[] = [];
  let line = 0;
  tokens.forEach((token, index) => {
    line = token.map ? token.map[0] + 1 : line;
    if (token.type === "heading_open") addAnchor(anchors, tokens[index + 1]!.children ?? []);
    if (token.type === "html_block" || token.type === "inline") {
      for (const [, id] of token.content.matchAll(/<[a-z]+ (?:id|name)="([^"]+)"/g)) anchors.add(id!);
      for (const [, target] of token.content.matchAll(/(?:src|srcset|href)="([^"]+)"/g))
        links.push({ line, target: target! });
    }
    for (const child of token.children ?? []) {
      const target =
        child.type === "link_open" ? child.attrGet("href") : child.type === "image" ? child.attrGet("src") : null;
      if (typeof target === "string") links.push({ line, target });
    }
  });
  known.set(file, { links, anchors });
  return { links, anchors };
}

const frontMatterLines = (matter: string) => matter.replace(/[^\n]/g, "");

test("every picture is on a page, and says in words what it shows", () => {
  const used = new Set<string>();
  const silent: string[] = [];
  for (const file of files)
    for (const [, alt, target] of readFileSync(join(ROOT, file), "utf8").matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)) {
      used.add(join(dirname(file), target!));
      if (alt!.length < 15) silent.push(`${file}: ${target}`);
    }
  expect(silent).toEqual([]);
  expect(globSync("docs/pictures/*.svg", { cwd: ROOT }).filter((picture) => !used.has(picture))).toEqual([]);
});

/** The anchor that GitHub gives to a heading; VitePress is told to give the same. */
function addAnchor(anchors: Set<string>, children: readonly { type: string; content: string }[]): void {
  const text = children
    .filter(({ type }) => type === "text" || type === "code_inline")
    .map(({ content }) => content)
    .join("");
  const slug = text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replace(/\s/g, "-");
  let own = slug;
  for (let n = 1; anchors.has(own); n++) own = `${slug}-${n}`;
  anchors.add(own);
}

/** What is wrong with a link; nothing where it leads somewhere. Other hosts are not asked. */
function mistake(file: string, target: string): string | undefined {
  if (/^mailto:\S+@\S+$/.test(target)) return undefined;
  if (/^[a-z][a-z+.-]*:/i.test(target))
    return URL.canParse(target) && /^https?:/.test(target) ? undefined : "is no address";
  const [path = "", anchor] = decodeURI(target).split("#");
  if (path.startsWith("/")) return "is not relative";
  const full = path === "" ? join(ROOT, file) : join(ROOT, dirname(file), path);
  if (!existsSync(full)) return "leads to nothing";
  const own = relative(ROOT, full);
  if (own.startsWith("..")) return "leads out of the repository";
  if (anchor === undefined) return undefined;
  if (statSync(full).isDirectory() || !full.endsWith(".md"))
    return /^L\d+/.test(anchor) ? undefined : "has an anchor of no page";
  return read(own).anchors.has(anchor) ? undefined : "has an anchor that the page does not have";
}

test.each(files)("the links of %s lead somewhere", (file) => {
  const wrong = read(file).links.flatMap(({ line, target }) => {
    const message = mistake(file, target);
    return message === undefined ? [] : [`${file}:${line}: ${target} ${message}`];
  });
  expect(wrong).toEqual([]);
});
