import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext, type SecureContextOptions, type Server } from "node:tls";
import type { Log } from "../observe/log.ts";

/** A server's certificate and key, and the CA of accepted client certificates. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/** The files of a server's settings, as absolute paths. */
export const tlsFiles = ({ cert, key, clientCa }: TlsFiles, folder: string): TlsFiles => ({
  cert: resolve(folder, cert),
  key: resolve(folder, key),
  ...(clientCa !== undefined && { clientCa: resolve(folder, clientCa) }),
});

/** ECDHE with AES-GCM, as Microsoft requires, and TLS 1.3's own suites. */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
].join(":");
const POLL_MS = 1000;

/** Options for a TLS server. Throws if files cannot be read or do not match. */
export function tlsOptions({ cert, key, clientCa }: TlsFiles): SecureContextOptions & {
  requestCert: boolean;
  rejectUnauthorized: boolean;
} {
  const options = {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(clientCa !== undefined && { ca: readFileSync(clientCa) }),
    minVersion: "TLSv1.2" as const,
    ciphers: CIPHERS,
    honorCipherOrder: true,
  };
  createSecureContext(options);
  // A client without a certificate may authenticate in another way.
  return { ...options, requestCert: clientCa !== undefined, rejectUnauthorized: false };
}

/**
 * Reloads certificates when their files change. Existing connections keep the old ones. Files that do not match, perhaps in the middle of a
 * change, are ignored. Returns a function that stops watching.
 */
export function watchCertificates(server: Pick<Server, "setSecureContext">, files: TlsFiles, log: Log): () => void {
  const paths = [files.cert, files.key, ...(files.clientCa === undefined ? [] : [files.clientCa])];
  const reload = () => {
    try {
      server.setSecureContext(tlsOptions(files));
      log.info({ cert: files.cert }, "certificate reloaded");
    } catch (error) {
      log.warn(
        { cert: files.cert, reason: (error as Error).message },
        "new certificate is invalid: still using the previous one",
      );
    }
  };
  // Polled, because files mounted into a container change by symbolic links, which other watchers miss.
  for (const path of paths) watchFile(path, { interval: POLL_MS, persistent: false }, reload);
  return () => {
    for (const path of paths) unwatchFile(path, reload);
  };
}
