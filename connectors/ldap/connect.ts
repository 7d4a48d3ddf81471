import { connect as connectTcp, isIP, type LookupFunction } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Client } from "ldapts";
import { timedOut } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import type { Certificates } from "../../src/connector/kit/tls.ts";

/** How to connect, to any of the servers. */
export interface ConnectOptions {
  readonly bind: { readonly dn: string; readonly password: string } | undefined;
  readonly tls: Certificates & { readonly startTls: boolean };
  /** Resolves host names, if not the system's resolver. */
  readonly lookup?: LookupFunction | undefined;
  /** Called after each TLS handshake. */
  readonly secured?: ((url: string, socket: TLSSocket) => void) | undefined;
}

/**
 * A bound client that connects once. ldapts itself would reconnect after a loss without binding, and run the next operation anonymously.
 * Rejects with a `timeout`, or with the error of the server or network.
 */
export async function connect(
  url: string,
  { bind, tls, lookup, secured }: ConnectOptions,
  milliseconds: number,
): Promise<Client> {
  let isUsed = false;
  const once = () => {
    if (isUsed) throw new Error("the connection was lost");
    isUsed = true;
  };
  const { hostname, protocol } = new URL(url);
  // With StartTLS, the socket no longer knows the host name to verify.
  const secure = {
    host: hostname.replace(/^\[|\]$/g, ""),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(isIP(hostname) === 0 && { servername: hostname }),
    ...(lookup && { lookup }),
  };
  const client = new Client({
    url,
    connectTimeout: milliseconds,
    timeout: 0,
    strictDN: false,
    ...(protocol === "ldaps:" && { tlsOptions: secure }),
    createConnection: ((port: number, host: string) => {
      once();
      return connectTcp({ port, host, noDelay: true, keepAlive: true, ...(lookup && { lookup }) });
    }) as never,
    createSecureConnection: ((...args: unknown[]) => {
      if (protocol === "ldaps:") once();
      const socket = (connectTls as (...all: unknown[]) => TLSSocket)(...args);
      return socket.once("secureConnect", () => secured?.(url, socket));
    }) as never,
  });
  const timeout = AbortSignal.timeout(milliseconds);
  try {
    if (tls.startTls) await abortable(timeout, client.startTLS(secure));
    if (bind) await abortable(timeout, client.bind(bind.dn, bind.password));
    else await abortable(timeout, client.search("", { scope: "base", attributes: ["1.1"] }));
    return client;
  } catch (error) {
    close(client);
    throw timeout.aborted ? timedOut("The directory", error) : error;
  }
}

/** Closes a connection without waiting for running operations. */
export function close(client: Client): void {
  client.unbind().catch(() => {});
}
