import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageFolder } from "../../config/shipped.ts";
import { assertInstalled, howToInstall, loadOptional, type OptionalPackage } from "./optional.ts";

const manifest = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
const names = Object.keys(manifest.peerDependencies) as OptionalPackage[];

test.each(names)(
  "%s is an optional peer, and the command that installs it names the version that Postern takes",
  (name) => {
    expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
    const major = /\d+/.exec(manifest.peerDependencies[name])![0];
    expect(howToInstall(name)).toContain(`npm install ${name}@${major}"`);
    expect(() => assertInstalled(name, "dialect")).not.toThrow();
    expect(loadOptional(name, "dialect")).toBeTruthy();
  },
);

test("a package that is not there is told with the setting that needs it", () => {
  const unknown = "no-such-package" as OptionalPackage;
  expect(() => assertInstalled(unknown, "dialect")).toThrow();
});
