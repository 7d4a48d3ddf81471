import { realpathSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../config/shipped.ts";

/** The configuration of the embedded example. Its data is kept in memory: nothing is written where Postern is installed. */
export const EXAMPLE = join(packageFolder, "examples/legacy-hr/gateway.config.yaml");

/** Whether a configuration is the embedded example, by whatever path it is named. */
export function isExample(file: string): boolean {
  try {
    return realpathSync(file) === realpathSync(EXAMPLE);
  } catch {
    return false;
  }
}
