import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { html } from "hono/html";
import type { SignInQuestion } from "./api/sign-in.ts";

/** The console's files, by name. Their names change with their content. */
export type Assets = ReadonlyMap<string, Asset>;

/** A file, also compressed. */
export interface Asset {
  readonly type: string;
  readonly bytes: Readonly<Record<"identity" | "gzip" | "br", Uint8Array<ArrayBuffer>>>;
  /** The scripts that a script loads before it runs. */
  readonly imports: readonly string[];
}

/** Where `scripts/build.mjs` leaves the files: beside the compiled program. */
const BUILT = join(import.meta.dirname, "../../console");

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

let loaded: Promise<Assets> | undefined;

/** The console's files: built ahead in the package and the image, bundled in a clone when they are first asked for. */
export const loadAssets = (): Promise<Assets> => {
  loaded ??= load();
  return loaded;
};

async function load(): Promise<Assets> {
  if (import.meta.filename.endsWith(".js"))
    return new Map(readdirSync(BUILT).map((name) => [name, assetOf(name, readFileSync(join(BUILT, name)))]));
  const { bundle } = await import("./bundle.ts");
  const { files } = await bundle();
  return new Map(files.map(({ name, content }) => [name, assetOf(name, content)]));
}

function assetOf(name: string, content: Uint8Array): Asset {
  const plain = new Uint8Array(content);
  const br = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } });
  const bytes = { identity: plain, gzip: new Uint8Array(gzipSync(plain)), br: new Uint8Array(br) };
  const type = TYPES[name.split(".").at(-1)!] ?? "application/octet-stream";
  return { type, bytes, imports: name.endsWith(".js") ? importsIn(Buffer.from(content).toString()) : [] };
}

const importsIn = (script: string): string[] =>
  [...script.matchAll(/\b(?:from|import)"\.\/([\w.-]+\.js)"/g)].map(([, name]) => name!);

/** Serves the files. Browsers keep them: a changed file has another name. */
export function serveAssets(assets: Assets): Hono {
  const app = new Hono();
  app.get("/:name", (c) => {
    const asset = assets.get(c.req.param("name"));
    if (!asset) return c.json({ error: "The console has no such file. Reload the page." }, 404);
    const encoding = accepts(c, {
      header: "Accept-Encoding",
      supports: ["br", "gzip", "identity"],
      default: "identity",
    }) as keyof Asset["bytes"];
    if (encoding !== "identity") c.header("Content-Encoding", encoding);
    c.header("Vary", "Accept-Encoding");
    c.header("Cache-Control", "public, max-age=31536000, immutable");
    return c.body(asset.bytes[encoding], 200, { "Content-Type": asset.type });
  });
  return app;
}

/** The scripts that some load, with those that they load themselves. */
function withImports(assets: Assets, names: readonly string[]): Set<string> {
  const found = new Set(names);
  // What is added meanwhile is visited, too.
  for (const name of found) for (const each of assets.get(name)?.imports ?? []) found.add(each);
  return found;
}

/** What a shell is for. */
export interface ShellOptions {
  /** The page's path behind `/console/`: its script is loaded at once, and not only when the frame's has run. */
  readonly path?: string | undefined;
  /** Why somebody could not be signed in. It is part of the page and not of its address, where others could write it. */
  readonly problem?: string | undefined;
  /** What must be answered before somebody becomes somebody else. */
  readonly question?: SignInQuestion | undefined;
}

/** The page that every address of the console begins with; its script shows the rest. */
export function shell(assets: Assets, { path, problem, question }: ShellOptions = {}) {
  const find = (pattern: RegExp) => [...assets.keys()].find((name) => pattern.test(name));
  const named = (pattern: RegExp) => `/console/assets/${find(pattern)}`;
  const [page = ""] = path?.split("/") ?? [];
  const script = /^[a-z-]*$/.test(page) ? find(new RegExp(`^${page || "overview"}-[A-Z0-9]+\\.js$`)) : undefined;
  const scripts = withImports(assets, [find(/^main-.*\.js$/)!, ...(path !== undefined && script ? [script] : [])]);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${problem === undefined ? "" : html`<meta name="postern-problem" content="${problem}">`}
${question === undefined ? "" : html`<meta name="postern-question" content="${JSON.stringify(question)}">`}
<title>Postern</title>
<link rel="icon" href="${named(/^icon-.*\.svg$/)}">
<script src="${named(/^theme-.*\.js$/)}"></script>
<link rel="stylesheet" href="${named(/^styles-.*\.css$/)}">
${path === undefined ? "" : html`<link rel="preload" as="fetch" href="/console/api/me" crossorigin>`}
${[...scripts].map(
  (name) => html`<link rel="modulepreload" href="/console/assets/${name}">
`,
)}<script type="module" src="${named(/^main-.*\.js$/)}"></script>
</head>
<body>
<div id="app"></div>
<noscript>The console needs JavaScript. Every page's data is also available on the command line: see postern --help.</noscript>
</body>
</html>`;
}
