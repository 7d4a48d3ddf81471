import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../test/servers/registry.ts";
import { run } from "./cli.ts";

describe("a command line that is mistyped", () => {
  let told = "";
  beforeEach(() => {
    told = "";
    vi.spyOn(console, "error").mockImplementation((text) => {
      told += `${text}\n`;
    });
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      told += String(text);
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  test.each([
    ["chekc", 'error: unknown command "chekc", did you mean "check"?\n'],
    ["wibble", expect.stringMatching(/^error: unknown command "wibble": use one of serve, check, /)],
    ["help wibble", expect.stringMatching(/^error: unknown command "wibble": use one of serve, check, /)],
    ["my.yaml", "error: a file is no command: write serve -c my.yaml, or check -c my.yaml\n"],
    ["check my.yaml", "error: check takes a configuration by -c: write -c my.yaml\n"],
    ["sync plan hr my.yaml", "error: plan takes a configuration by -c: write -c my.yaml\n"],
    ["guard status my.yaml", expect.stringMatching(/^error: too many arguments for 'status'/)],
    ["check a b", expect.stringMatching(/^error: too many arguments for 'check'/)],
  ])("is told what to write: %s", async (line, message) => {
    expect(await run(line.split(" "), registry)).toBe(2);
    expect(told).toEqual(message);
  });

  test("help explains a command within a command", async () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    expect(await run(["help", "sync", "plan"], registry)).toBe(0);
    expect(write.mock.calls.join("")).toMatch(/^Usage: postern sync plan /);
  });
});
