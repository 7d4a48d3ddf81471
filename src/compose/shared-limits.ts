import type { Loaded } from "../config/load.ts";
import { filesIn } from "../connector/kit/files.ts";
import { assertInstalled } from "../connector/kit/optional.ts";
import { readCertificates } from "../connector/kit/tls.ts";
import type { SharedLimits } from "../edge/limiters.ts";
import { StartError } from "./routes.ts";

/** The server of shared counters, with its certificate loaded. Throws `StartError`. */
export function sharedLimitsOf({ config, folder }: Pick<Loaded, "config" | "folder">): SharedLimits | undefined {
  const { shared } = config.limits;
  if (!shared) return undefined;
  try {
    assertInstalled("@redis/client", "limits.shared");
    const { ca } = readCertificates(filesIn(folder), { ca: shared.ca }, (name) => `limits.shared.${name}`);
    return { ...shared, ca };
  } catch (error) {
    throw new StartError((error as Error).message, { cause: error });
  }
}
