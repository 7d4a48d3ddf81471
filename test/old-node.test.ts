import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ROOT } from "./servers/gateway.ts";

const PROGRAM = join(ROOT, "bin/postern.cjs");

/** A Node.js of the system's own that is older than the project's, where there is one. */
const OLD = "/usr/bin/node";
const versionOf = async (node: string) => (await promisify(execFile)(node, ["--version"])).stdout.trim().slice(1);
const isOld = existsSync(OLD) && Number.parseInt(await versionOf(OLD), 10) < 24;

/** What the program says, with its exit status. */
const said = (node: string, ...args: string[]) =>
  new Promise<{ status: number; stdout: string; stderr: string }>((done) =>
    execFile(node, args, (error, stdout, stderr) => done({ status: Number(error?.code ?? 0), stdout, stderr })),
  );

const message = (version: string) =>
  `Postern needs Node.js 24 or later, and this is ${version} (${OLD}).\nInstall a newer one from https://nodejs.org/en/download, or use Postern's container image, which brings its own.\n`;

describe("a Node.js that is too old", () => {
  test.skipIf(!isOld)("is told as that, before anything is imported", async () => {
    expect(await said(OLD, PROGRAM, "check")).toEqual({ status: 2, stdout: "", stderr: message(await versionOf(OLD)) });
  });

  test.each(["16.20.2", "18.20.8", "20.20.2", "22.21.1"])("is one of version %s", async (version) => {
    const versions = `Object.defineProperty(process, "versions", { value: { node: "${version}" } })`;
    const preload = `data:text/javascript,${encodeURIComponent(versions)}`;
    const { status, stderr } = await said(process.execPath, "--import", preload, PROGRAM);
    expect(status).toBe(2);
    expect(stderr).toContain(`this is ${version} (`);
  });

  test("is none that the project runs by", async () => {
    expect(await said(process.execPath, PROGRAM, "--version")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+ \(.*Node\.js \d+\.\d+\.\d+\)\n$/),
    });
  });
});
