import type { Observer } from "../../../src/connector/kit/observe.ts";
import type { Certificates } from "../../../src/connector/kit/tls.ts";

/** Connection settings of a database server. */
export interface Server {
  readonly host: string;
  readonly port: number | undefined;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly connections: number;
  /** How long to wait for a connection, in milliseconds. */
  readonly waitMs: number;
  /** Time limit of a statement, in milliseconds, enforced by the server. */
  readonly statementMs: number;
  /** Certificates for encryption; undefined for unencrypted connections. */
  readonly tls: Certificates | undefined;
  /** Is told of the pool, and of each connection. */
  readonly observer: Observer;
}

/** A server's name, for whoever looks at its connections. */
export const serverName = ({ host, port }: Pick<Server, "host" | "port">): string =>
  port === undefined ? host : `${host}:${port}`;

/** Default time limit of a statement, in milliseconds, enforced by the server. */
export const STATEMENT_MS = 4500;

/** Parses a host with an optional port, `[::1]:5432`. */
export function readAddress(address: string): { host: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(address) ?? [];
  return { host: bracketed ?? plain ?? address, port: port === undefined ? undefined : Number(port) };
}
