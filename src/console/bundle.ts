import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The console's files, and the packages that are in them, as paths such as `node_modules/preact`. */
export interface Bundle {
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  readonly packages: readonly string[];
}

/** Bundles the console's files from `web/`, with esbuild: a script for each page, and one style sheet for all. */
export async function bundle(): Promise<Bundle> {
  const { build } = await import("esbuild");
  const web = join(ROOT, "web");
  const common = {
    absWorkingDir: ROOT,
    outdir: web,
    bundle: true,
    minify: true,
    write: false,
    logLevel: "warning",
  } as const;
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: ["main.tsx", "theme.ts", "icon.svg"].map((name) => join(web, name)),
    splitting: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".svg": "copy" },
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    legalComments: "none",
    metafile: true,
  });
  const sheets = Object.keys(metafile.inputs).filter((file) => file.endsWith(".css"));
  const { outputFiles: styles } = await build({
    ...common,
    stdin: {
      contents: sheets
        .toSorted(byRank)
        .map((file) => `@import "./${file}";`)
        .join("\n"),
      resolveDir: ROOT,
      loader: "css",
    },
    entryNames: "styles-[hash]",
  });
  const inputs = Object.keys(metafile.inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  const packages = [...new Set(inputs)].toSorted();
  const licences = { name: "licences.txt", content: Buffer.from(packages.map(licenceOf).join("\n")) };
  const scripts = outputFiles.filter(({ path }) => !path.endsWith(".css"));
  return {
    files: [
      ...[...scripts, ...styles].map(({ path, contents }) => ({ name: basename(path), content: contents })),
      licences,
    ],
    packages,
  };
}

/** Those of packages come first, then the frame's, then those of pages. */
const rank = (file: string): number => (file.includes("node_modules/") ? 0 : file === "web/style.css" ? 1 : 2);
const byRank = (one: string, other: string): number => rank(one) - rank(other) || (one < other ? -1 : 1);

/** The text that a package's licence asks to be delivered with it. */
function licenceOf(path: string): string {
  const folder = join(ROOT, path);
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const name = relative("node_modules", path);
  return `${name}\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8")}`;
}
