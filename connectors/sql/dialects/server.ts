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
  /** The certificates that the server's is checked against; the system's for `true`; none for `false`, unencrypted. */
  readonly ca: string | boolean;
}

/** A statement may take this long, in milliseconds; then the server ends it. */
export const STATEMENT_MS = 4500;
/** A connection is waited for this long, in milliseconds. */
export const CONNECT_MS = 3000;

/** What TLS settings mean: a file of certificates, or whether to encrypt at all. */
export function authorityOf(folder: string, tls: boolean | { readonly ca?: string | undefined }): string | boolean {
  if (typeof tls === "boolean") return tls;
  return tls.ca === undefined ? true : readFileSync(resolve(folder, tls.ca), "utf8");
}
