import { basename, join } from "node:path";

/** Bundles the console's files from `web/`, with esbuild. Pages that are opened rarely are files of their own. */
export async function bundle(): Promise<readonly { readonly name: string; readonly content: Uint8Array }[]> {
  const { build } = await import("esbuild");
  const web = join(import.meta.dirname, "../../web");
  const { outputFiles } = await build({
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
    logLevel: "warning",
  });
  return outputFiles.map(({ path, contents }) => ({ name: basename(path), content: contents }));
}
