import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type CheckOptions, reportOf } from "../src/cli/check.ts";
import type { Diagnostic } from "../src/config/diagnostic.ts";
import { registry } from "./servers/registry.ts";
import { CONFIG, MAPPING, MISTAKES, type Mistake, TYPES } from "./tables/mistakes.ts";

/** What is found in a configuration with one mistake, or with none. */
async function found(mistake?: Mistake): Promise<{ problems: readonly Diagnostic[]; folder: string }> {
  const files: Record<Mistake["in"], string | Buffer> = { config: CONFIG, mapping: MAPPING, types: TYPES };
  if (mistake) {
    const { in: file, from, to } = mistake;
    const whole = String(files[file]);
    if (from !== undefined) expect(whole).toContain(from);
    files[file] = from === undefined ? to : whole.replace(from, () => String(to));
  }
  const folder = mkdtempSync(join(tmpdir(), "postern-mistakes-"));
  try {
    writeFileSync(join(folder, "gateway.config.yaml"), files.config);
    writeFileSync(join(folder, "user.yaml"), files.mapping);
    writeFileSync(join(folder, "own.types.yaml"), files.types);
    const env = { TOKEN: "0123456789abcdef0123" };
    const file = join(folder, "gateway.config.yaml");
    const options: CheckOptions = { registry, file, env, connect: false, denyWarnings: false, format: "text" };
    return { problems: (await reportOf(options)).problems, folder };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A finding in a line: the place, the part that is marked, the message. */
function told({ file, line, column, length, excerpt, message }: Diagnostic, folder: string): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const marked = length > 0 ? ` [${excerpt?.slice(column - 1, column - 1 + length)}]` : "";
  const masked = message.replaceAll(folder, "FOLDER").replaceAll(relative(process.cwd(), folder), "FOLDER");
  return `${name}:${line}:${column}${marked} ${masked}`;
}

describe("check", () => {
  test("finds nothing in a configuration that is right", async () => {
    expect((await found()).problems).toEqual([]);
  });

  test.each(MISTAKES.map((each) => [each.name, each] as const))("tells of %s", async (_, mistake) => {
    const { problems, folder } = await found(mistake);
    expect(problems.map((each) => told(each, folder))).toEqual(mistake.says);
    const [first] = problems;
    expect(first?.severity).toBe(mistake.severity ?? "error");
    expect(first?.suggestion).toBe(mistake.suggests);
  });

  test("never speaks as the validator's library does", () => {
    const all = MISTAKES.flatMap(({ says }) => says).join("\n");
    expect(all).not.toMatch(/invalid|expected record|received|discriminator|ZodError|undefined/i);
    expect(MISTAKES.length).toBeGreaterThanOrEqual(50);
  });
});
