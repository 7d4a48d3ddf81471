import type { Certificates } from "../../../src/connector/kit/tls.ts";

/** How a database server is reached. */
export interface Server {
  readonly host: string;
  readonly port: number | undefined;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly connections: number;
  /** How long a connection is waited for, in milliseconds. */
  readonly waitMs: number;
  /** How long a statement may take, in milliseconds; then the server ends it. */
  readonly statementMs: number;
  /** The certificates that connections are encrypted with; undefined where they are not. */
  readonly tls: Certificates | undefined;
}

/** A statement may take this long, in milliseconds, where nothing else is said; then the server ends it. */
export const STATEMENT_MS = 4500;

/** A host with a port or without, `[::1]:5432`. */
export function readAddress(address: string): { host: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(address) ?? [];
  return { host: bracketed ?? plain ?? address, port: port === undefined ? undefined : Number(port) };
}
