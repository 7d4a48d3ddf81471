import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The console's files, and the packages that are in them, as paths such as `node_modules/preact`. */
export interface Bundle {
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  readonly packages: readonly string[];
}

/** Bundles the console's files from `web/`, with esbuild. Pages that are opened rarely are files of their own. */
export async function bundle(): Promise<Bundle> {
  const { build } = await import("esbuild");
  const web = join(ROOT, "web");
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["main.tsx", "theme.ts", "icon.svg"].map((name) => join(web, name)),
    outdir: web,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".svg": "copy" },
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    legalComments: "none",
    write: false,
    metafile: true,
    logLevel: "warning",
  });
  const inputs = Object.keys(metafile.inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  const packages = [...new Set(inputs)].toSorted();
  const licences = { name: "licences.txt", content: Buffer.from(packages.map(licenceOf).join("\n")) };
  return {
    files: [...outputFiles.map(({ path, contents }) => ({ name: basename(path), content: contents })), licences],
    packages,
  };
}

/** The text that a package's licence asks to be delivered with it. */
function licenceOf(path: string): string {
  const folder = join(ROOT, path);
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const name = relative("node_modules", path);
  return `${name}\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8")}`;
}
