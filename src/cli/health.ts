import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { withSecrets } from "../config/secrets.ts";
import { readYaml } from "../config/yaml.ts";
import type { CommandContext } from "./context.ts";

const TIMEOUT_MS = 2000;

/** What of `server` says where the gateway listens. */
interface Where {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: object;
}

/**
 * Asks the gateway of a configuration on this machine whether it lives, as a container's health check does. Gives 0 where it
 * answers 200. Of the configuration only `server` is read, with what it takes from the environment, so that it costs little and needs no
 * other secrets. `started` is the port that the gateway was started with, where that is another one than the configuration's.
 */
export async function healthCommand(file: string, env: CommandContext["env"], started?: number): Promise<number> {
  const { server: written } = (readYaml(file).data ?? {}) as { readonly server?: unknown };
  const server = withSecrets(written, env).data as Where | undefined;
  const {
    host = env.POSTERN_HOST || "127.0.0.1",
    port = 8880,
    tls,
  } = { ...server, ...(started !== undefined && { port: started }) };
  // Who listens everywhere listens here, too.
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1" };
  const at = { host: everywhere[host] ?? host, port, path: "/healthz", timeout: TIMEOUT_MS };
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      // The certificate is for the name by which others call; this stays within the machine, and tells nothing.
      const asked = tls ? httpsRequest({ ...at, rejectUnauthorized: false }) : httpRequest(at);
      asked.once("response", (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.once("timeout", () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} seconds`)));
      asked.once("error", reject);
      asked.end();
    });
    if (status === 200) return 0;
    console.error(`${at.host}:${port} answers ${status}`);
  } catch (error) {
    console.error(`${at.host}:${port} does not answer: ${(error as Error).message}`);
  }
  return 1;
}
