import { StartError } from "../compose/routes.ts";
import { driftsOf, writersOf } from "../compose/syncs/drift.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { Drift } from "../sync/drift.ts";
import { csvCell, printable, text } from "../sync/report.ts";
import { counted } from "../sync/words.ts";
import { openRoutes } from "./opened.ts";
import { write } from "./output.ts";
import { startProgress } from "./progress.ts";

/** The forms that drift is shown in. */
export const DRIFT_FORMATS = ["table", "csv", "json"] as const;

/** What is looked for, and how it is shown. */
export interface DriftCommand {
  readonly registry: Registry;
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly route: string;
  readonly format: (typeof DRIFT_FORMATS)[number];
}

/** Shows what of a route is not as syncs wrote it last. Gives 1 where anything is not; writes nothing. */
export async function driftCommand({ registry, file, env, route: base, format }: DriftCommand): Promise<number> {
  const loaded = loadConfig(file, registry, env);
  if (writersOf(loaded, base).length === 0)
    throw new StartError(`no sync writes to ${base}, so nothing is known of what it should hold`);
  let closing = () => {};
  const opened = await openRoutes(loaded, { writes: false });
  try {
    let count = 0;
    const progress = startProgress(`comparing ${base} with what syncs wrote`);
    closing = progress.end;
    if (format === "csv") await write("what,key,id,path,was,is\n");
    for await (const each of driftsOf(opened, base, "postern drift", new AbortController().signal)) {
      count++;
      progress.show(`comparing ${base} with what syncs wrote: ${counted(count, "difference")} so far`);
      if (!(await write(lineOf(each, format)))) return 1;
    }
    progress.end();
    console.error(
      count === 0
        ? `${base} is as it was written last.`
        : `${base}: ${counted(count, "difference")}. What rules say is put right by: postern sync run --reconcile`,
    );
    return count === 0 ? 0 : 1;
  } finally {
    closing();
    await opened.close();
  }
}

function lineOf(drift: Drift, format: DriftCommand["format"]): string {
  const { what, key = "", id, path = "", was, is } = drift;
  if (format === "json") return `${JSON.stringify(drift)}\n`;
  if (format === "csv") return `${[what, key, id, path, text(was), text(is)].map(csvCell).join(",")}\n`;
  const change = was === undefined && is === undefined ? "" : `${text(was) || "(none)"} -> ${text(is) || "(none)"}`;
  return `${printable(`${what.padEnd(9)} ${key.padEnd(14)} ${id.padEnd(37)} ${path} ${change}`.trimEnd())}\n`;
}
