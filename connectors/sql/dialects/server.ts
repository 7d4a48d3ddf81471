import { readFileSync } from "node:fs";
import { resolve } from "node:path";

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
  /** The certificates that the server's is checked against; the system's for `true`; none for `false`, unencrypted. */
  readonly ca: string | boolean;
}

/** A statement may take this long, in milliseconds, where nothing else is said; then the server ends it. */
export const STATEMENT_MS = 4500;

/** A host with a port or without, `[::1]:5432`. */
export function readAddress(address: string): { host: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(address) ?? [];
  return { host: bracketed ?? plain ?? address, port: port === undefined ? undefined : Number(port) };
}

/** What TLS settings mean: a file of certificates, or whether to encrypt at all. */
export function authorityOf(folder: string, tls: boolean | { readonly ca?: string | undefined }): string | boolean {
  if (typeof tls === "boolean") return tls;
  return tls.ca === undefined ? true : readFileSync(resolve(folder, tls.ca), "utf8");
}
