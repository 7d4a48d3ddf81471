import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createSecureContext, type SecureContextOptions, type Server } from "node:tls";
import type { Log } from "../observe/log.ts";

/** Where a server's certificate and key are, and whose client certificates are taken. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/** ECDHE with AES-GCM, as Microsoft asks for them, and TLS 1.3's own. */
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

/** The options of a TLS server. Throws where the files cannot be read, or do not go together. */
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
  // A client without a certificate may have another way to say who it is.
  return { ...options, requestCert: clientCa !== undefined, rejectUnauthorized: false };
}

/**
 * Takes new certificates when their files change: connections that are there go on with the old ones, new ones get the
 * new. Files that do not go together, in the middle of a change perhaps, are passed over. Gives what ends the watch.
 */
export function watchCertificates(server: Pick<Server, "setSecureContext">, files: TlsFiles, log: Log): () => void {
  const paths = [files.cert, files.key, ...(files.clientCa === undefined ? [] : [files.clientCa])];
  const reload = () => {
    try {
      server.setSecureContext(tlsOptions(files));
      log.info({ cert: files.cert }, "new certificate");
    } catch (error) {
      log.warn(
        { cert: files.cert, reason: (error as Error).message },
        "the new certificate cannot be used: the old one stays",
      );
    }
  };
  // Polled, because what is mounted into a container changes by links that other watches do not see.
  for (const path of paths) watchFile(path, { interval: POLL_MS, persistent: false }, reload);
  return () => {
    for (const path of paths) unwatchFile(path, reload);
  };
}
