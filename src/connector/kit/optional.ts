import { createRequire } from "node:module";
import { SettingError } from "../error.ts";

const require = createRequire(import.meta.url);

/** Packages that are large and rarely needed, so that they are not installed with Postern: what needs each, and the version. */
const PACKAGES = {
  tedious: { for: "SQL Server", major: 20 },
  "ssh2-sftp-client": { for: "SFTP", major: 12 },
  "@redis/client": { for: "Valkey or Redis", major: 6 },
} as const;

/** The name of a package that is not installed with Postern. */
export type OptionalPackage = keyof typeof PACKAGES;

/** Loads a package that is not installed with Postern. Throws a `SettingError` that says how to install it for the setting that needs it. */
export function loadOptional(name: OptionalPackage, setting: string): unknown {
  assertInstalled(name, setting);
  return require(name);
}

/** Throws a `SettingError` that says how to install a package, where the setting that needs it is there and the package is not. */
export function assertInstalled(name: OptionalPackage, setting: string): void {
  try {
    require.resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new SettingError(`${setting}: ${howToInstall(name)}`, setting);
  }
}

/** What to do where a package is missing. */
export function howToInstall(name: OptionalPackage): string {
  const { for: use, major } = PACKAGES[name];
  return `${use} needs the package ${name}, which is not installed. Run "npm install ${name}@${major}" where Postern is installed, or build the image with --build-arg PACKAGES=${name}`;
}
