import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { shippedFolder } from "../config/shipped.ts";
import type { ConnectorDefinition } from "../connector/connector.ts";
import { filesIn } from "../connector/kit/files.ts";

/** Asking a backend about itself may take this long, in milliseconds. */
const INIT_MS = 60_000;

/** Writes a first configuration for a backend, made of what it says about itself. Files that are there stay as they are. */
export async function initCommand(
  { type, init }: ConnectorDefinition,
  options: Readonly<Record<string, unknown>>,
  out: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const request = { options, env, mappings: shippedFolder, files: filesIn(process.cwd()) };
  let initial: Awaited<ReturnType<NonNullable<typeof init>["run"]>>;
  try {
    initial = await init!.run({ ...request, signal: AbortSignal.timeout(INIT_MS) });
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
  const present = [...initial.files.keys()].filter((path) => existsSync(join(out, path)));
  if (present.length > 0) {
    console.error(
      `Nothing was written: ${present.join(", ")} would be overwritten in ${out}. Name another folder by --out.`,
    );
    return 1;
  }
  for (const [path, text] of initial.files) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
    console.log(`wrote ${relative(process.cwd(), join(out, path)) || path}`);
  }
  for (const note of initial.notes) console.log(note);
  const file = relative(process.cwd(), join(out, "gateway.config.yaml"));
  console.log(`\nRead them, set SCIM_TOKEN, and then: postern check --connect --config ${file}   (${type})`);
  return 0;
}
