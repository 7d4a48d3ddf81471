import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Puts files into a folder as the kubelet does for a ConfigMap or a Secret: into a new folder with a time in its name, to which the
 * link `..data` is switched in one step. What a container sees are links through `..data`. The folder of before is removed.
 */
export function mountFiles(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  const stamp = `..${new Date().toISOString().replaceAll(/[-:TZ.]/g, "_")}${process.hrtime.bigint()}`;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, stamp, path)), { recursive: true });
    writeFileSync(join(folder, stamp, path), text, { mode: 0o440 });
  }
  const before = readdirSync(folder).includes("..data") ? readlinkSync(join(folder, "..data")) : undefined;
  symlinkSync(stamp, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  const tops = new Set(Object.keys(files).map((path) => path.split("/")[0]!));
  const present = readdirSync(folder).filter((name) => !name.startsWith(".."));
  for (const top of tops) if (!present.includes(top)) symlinkSync(join("..data", top), join(folder, top));
  for (const top of present) if (!tops.has(top)) rmSync(join(folder, top));
  if (before !== undefined) rmSync(join(folder, before), { recursive: true });
}
