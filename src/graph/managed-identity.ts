import { readFile, stat } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { ConnectorError } from "../connector/error.ts";
import type { Answer, HttpRequest } from "../connector/http.ts";
import type { Send } from "../http/tokens.ts";

/** The environment's variables, by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where Azure Arc's agent leaves the secrets of its challenges. */
export const ARC_FOLDER = "/var/opt/azcmagent/tokens";
const MAX_SECRET_BYTES = 4096;

/**
 * The request for a managed identity's token, as the host wants it: App Service, Container Apps and Functions by IDENTITY_ENDPOINT and
 * IDENTITY_HEADER, Azure Arc by IDENTITY_ENDPOINT and IMDS_ENDPOINT, virtual machines and AKS by the instance metadata service.
 * `client` names a user-assigned identity.
 */
export async function identityRequest(
  { resource, client }: { readonly resource: string; readonly client: string | undefined },
  env: Env,
  send: Send,
  signal: AbortSignal,
  arcFolder: string = ARC_FOLDER,
): Promise<Pick<HttpRequest, "url" | "headers"> & { readonly method: "GET" }> {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, IMDS_ENDPOINT: arc } = env;
  const at = (url: string, version: string) => {
    const address = new URL(url);
    address.searchParams.set("api-version", version);
    address.searchParams.set("resource", resource);
    if (client !== undefined) address.searchParams.set("client_id", client);
    return address.href;
  };
  if (endpoint && header)
    return { method: "GET", url: at(endpoint, "2019-08-01"), headers: { "x-identity-header": header } };
  if (endpoint && arc) {
    const url = at(endpoint, "2019-11-01");
    const challenge = await send({ method: "GET", url, headers: { metadata: "true" }, isProof: true }, signal);
    const secret = await arcSecret(challenge, arcFolder);
    return { method: "GET", url, headers: { metadata: "true", authorization: `Basic ${secret}` } };
  }
  const host = env.AZURE_POD_IDENTITY_AUTHORITY_HOST ?? "http://169.254.169.254";
  return {
    method: "GET",
    url: at(`${host.replace(/\/$/, "")}/metadata/identity/oauth2/token`, "2018-02-01"),
    headers: { metadata: "true" },
  };
}

/** The secret that proves to Azure Arc's agent that this process may read its folder. The agent names the file; only that folder is read. */
async function arcSecret({ status, headers }: Answer, folder: string): Promise<string> {
  const [, named] = /^Basic realm="?([^"]+)"?$/i.exec(headers["www-authenticate"] ?? "") ?? [];
  if (status !== 401 || named === undefined)
    throw new ConnectorError(
      "unavailable",
      `Azure Arc's agent sent no challenge, but status ${status}. Check that the azcmagent service runs.`,
    );
  const path = resolve(named);
  if (dirname(path) !== resolve(folder) || extname(path) !== ".key")
    throw new ConnectorError("denied", `Azure Arc's agent names a file outside ${folder}, which is not read.`);
  try {
    if ((await stat(path)).size > MAX_SECRET_BYTES) throw new Error("it is too large");
    return await readFile(path, "utf8");
  } catch {
    throw new ConnectorError(
      "denied",
      `The file of Azure Arc's agent, ${path}, cannot be read. Add Postern's user to the group himds.`,
    );
  }
}
