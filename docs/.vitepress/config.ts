import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";
import { type Group, type Page, shelves } from "./shelves.ts";

const docs = join(import.meta.dirname, "..");
const root = join(docs, "..");
const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** Where the source is shown, for links that lead out of docs/. */
const source: string | undefined = (repository?.url ?? repository)?.replace(/^git\+|\.git$/g, "");

const titleOf = (path: string): string =>
  /^# (.+)$/m.exec(readFileSync(join(docs, path), "utf8"))?.[1]?.replaceAll("`", "") ?? path;

/** The address of a page: that of a README is its folder's. */
const addressOf = (path: string): string => path.replace(/(^|\/)README\.md$/, "$1").replace(/\.md$/, "");

const item = ([path]: Page): DefaultTheme.SidebarItem => ({ text: titleOf(path), link: `/${addressOf(path)}` });

/** The pages of a group that are there: a shelf may name one that is being written. */
const itemsOf = ({ pages }: Group) => pages.filter(([path]) => existsSync(join(docs, path))).map(item);

const sidebar: DefaultTheme.SidebarItem[] = shelves.map(({ title, groups }) => ({
  text: title,
  items: groups.flatMap((group) =>
    group.title === undefined ? itemsOf(group) : [{ text: group.title, collapsed: true, items: itemsOf(group) }],
  ),
}));

export default defineConfig({
  title: "Postern",
  description: "A SCIM 2.0 gateway in front of directories, databases and APIs",
  lang: "en",
  cleanUrls: true,
  lastUpdated: false,
  // The index of the search is one chunk.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  outDir: join(root, "dist-docs"),
  cacheDir: join(root, ".cache/vitepress"),
  rewrites: (path) => (path === "README.md" ? "contents.md" : path.replace(/README\.md$/, "index.md")),
  head: [["link", { rel: "icon", href: "/logo.svg", type: "image/svg+xml" }]],
  markdown: {
    // As GitHub does, so that a link leads to the same place in both.
    anchor: {
      slugify: (text) =>
        text
          .trim()
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
          .replace(/\s/g, "-"),
    },
    languageAlias: { ldif: "yaml", promql: "text" },
    config: (markdown) => {
      linkOutside(markdown);
      nameFiles(markdown);
    },
  },
  themeConfig: {
    logo: "/logo.svg",
    nav: [
      { text: "Tutorial", link: item(shelves[0]!.groups[0]!.pages[0]!).link!, activeMatch: "^/tutorial/" },
      { text: "Guides", link: "/contents#guides", activeMatch: "^/guides/" },
      { text: "Reference", link: "/reference/settings", activeMatch: "^/reference/" },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: "local", options: { detailedView: true } },
    ...(source && { socialLinks: [{ icon: "github", link: source }] }),
  },
});

// biome-ignore lint/suspicious/noExplicitAny: VitePress brings a Markdown parser of its own, whose types it does not export
type Markdown = any;

/** Links that lead out of docs/ lead to the source where it is published, and are plain text where it is not. Those to a README lead to its folder. */
function linkOutside(markdown: Markdown): void {
  markdown.core.ruler.push("outside", ({ tokens, env }: Markdown) => {
    for (const { children } of tokens)
      (children ?? []).forEach((token: Markdown, index: number) => {
        if (token.type !== "link_open") return;
        const href = hrefOf(token.attrGet("href"), dirname(sourceOf(env)));
        if (href !== undefined) token.attrSet("href", href);
        else {
          // Links have no links within.
          const close = children.slice(index).find(({ type }: Markdown) => type === "link_close");
          [token.tag, token.attrs, close.tag] = ["span", [], "span"];
        }
      });
  });
}

/** Where a link of a page in a folder leads on the site; undefined where it leads nowhere. */
function hrefOf(href: string, folder: string): string | undefined {
  if (/^([a-z]+:|#|\/)/i.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const full = join(docs, folder, path);
  const own = relative(docs, full);
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (own === "" || own === "README.md") return `/contents${hash}`;
  if (!own.startsWith("..") && own.endsWith(".md")) return `/${addressOf(own)}${hash}`;
  if (!own.startsWith("..") && existsSync(join(full, "README.md"))) return `/${own}/${hash}`;
  if (!own.startsWith("..") && existsSync(full) && !statSync(full).isDirectory()) return href;
  if (source === undefined) return undefined;
  const kind = existsSync(full) && statSync(full).isDirectory() ? "tree" : "blob";
  return `${source}/${kind}/main/${relative(root, full)}${hash}`;
}

/** The path below docs/ of the page that is rendered, before it is renamed. */
const sourceOf = ({ path, relativePath }: { path?: string; relativePath: string }): string =>
  path ? relative(docs, path) : relativePath;

/** The file that a block is, "```yaml [my.config.yaml]", above it. */
function nameFiles(markdown: Markdown): void {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens: Markdown, index: number, ...rest: Markdown[]) => {
    const [, file] = /\[([^\]]+)\]/.exec(tokens[index].info) ?? [];
    const block = fence(tokens, index, ...rest);
    return file === undefined
      ? block
      : `<div class="file"><p class="file-name">${markdown.utils.escapeHtml(file)}</p>${block}</div>`;
  };
}
