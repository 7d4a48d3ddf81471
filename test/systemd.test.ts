import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./servers/gateway.ts";

const unit = join(ROOT, "deploy/systemd/postern.service");
const analyze = (...args: string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8" });

describe("the systemd unit", () => {
  test("has no directive that systemd does not know", () => {
    const { stdout, stderr } = analyze("verify", unit);
    // Where Node.js is, is the machine's.
    const told = (stdout + stderr)
      .split("\n")
      .filter((line) => line !== "" && !/not executable: No such file/.test(line));
    expect(told).toEqual([]);
  });

  test("is exposed to less than 2.0 by systemd's own measure", () => {
    const { status, stdout } = analyze("security", "--offline=true", "--threshold=20", unit);
    expect(status, stdout).toBe(0);
  });

  test("starts a file that the package has", () => {
    const [, path = ""] =
      /^ExecStart=\S+ \/opt\/postern\/node_modules\/postern\/(\S+) serve /m.exec(readFileSync(unit, "utf8")) ?? [];
    expect(existsSync(join(ROOT, path)) && path !== "").toBe(true);
  });
});
