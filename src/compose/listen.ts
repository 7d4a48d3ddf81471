import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { boundConnections, HANDSHAKE_MS } from "../edge/connections.ts";
import { type TlsFiles, tlsOptions } from "../edge/tls.ts";
import { StartError } from "./routes.ts";

/** Time limits for slow clients, in milliseconds, and the maximum header size in bytes. */
const SLOW = {
  headersTimeout: HANDSHAKE_MS,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 32_768,
  connectionsCheckingInterval: 1000,
};

/** A request handler, as Hono's server for Node.js takes it. */
export type Fetch = Parameters<typeof serve>[0]["fetch"];

/** How long running requests may take to finish, in milliseconds. */
export const DRAIN_MS = 10_000;

/** A listening server. */
export interface Listening {
  readonly server: ServerType;
  /** Lets running requests finish, for at most ten seconds. */
  readonly stop: () => Promise<void>;
}

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** The setting that says so, for messages. */
  readonly setting?: "server" | "operations";
}

/** The URL of a server that listens, from this machine. */
export function urlOf({ server }: Pick<Listening, "server">, host: string, isSecure: boolean): string {
  const { port } = server.address() as AddressInfo;
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${isSecure ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** Listens. `admit` wraps the listener and sees requests first. Rejects with a `StartError` if the address is not available. */
export function listen(
  fetch: Fetch,
  { host: hostname, port, setting = "server" }: ListenAddress,
  tls: TlsFiles | undefined,
  admit: (listener: RequestListener) => RequestListener = (listener) => listener,
): Promise<Listening> {
  const create = (_: object, listener: RequestListener) =>
    tls
      ? createSecureServer({ ...SLOW, handshakeTimeout: HANDSHAKE_MS, ...secureOptions(tls, setting) }, admit(listener))
      : createServer(SLOW, admit(listener));
  return new Promise((done, reject) => {
    const options = { fetch, hostname, port, createServer: create as typeof createServer };
    const server = serve(options, () => {
      const { closeSilent, unbind } = boundConnections(server as Parameters<typeof boundConnections>[0]);
      const stop = async () => {
        const drained = drain(server);
        closeSilent();
        await drained;
        unbind();
      };
      done({ server, stop });
    });
    server.once("error", (error) => reject(listenFailure(error, { host: hostname, port, setting })));
  });
}

function secureOptions(tls: TlsFiles, setting: string) {
  try {
    return tlsOptions(tls);
  } catch (error) {
    throw new StartError(`${setting}.tls: ${(error as Error).message}`);
  }
}

/** An unavailable address is a mistake in the configuration. */
function listenFailure(error: NodeJS.ErrnoException, { host, port, setting }: Required<ListenAddress>): Error {
  const orOptions = setting === "server" ? ", or start it with --host or --port" : "";
  const reasons: Record<string, string> = {
    EADDRINUSE: "another process is already listening there",
    EACCES: "no permission: ports below 1024 need additional privileges",
    ENOTFOUND: "no such host is known",
    EAI_AGAIN: "no such host is known",
    EADDRNOTAVAIL: "this machine does not have that address",
  };
  const reason = reasons[error.code ?? ""];
  return reason
    ? new StartError(
        `cannot listen on ${host}:${port}: ${reason}. Change ${setting}.host or ${setting}.port${orOptions}.`,
      )
    : error;
}

function drain(server: ServerType): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      done();
    });
    if ("closeIdleConnections" in server) server.closeIdleConnections();
  });
}
