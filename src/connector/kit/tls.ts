import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { SettingError } from "../error.ts";
import type { Files } from "./files.ts";

/** Settings that name certificates, by their files, PEM. */
export interface TlsFiles {
  /** The authorities that the server's certificate is checked by; the system's without it. */
  readonly ca?: string | undefined;
  /** The gateway's own certificate for mutual TLS, with those that lead to its authority. */
  readonly cert?: string | undefined;
  /** Its key. */
  readonly key?: string | undefined;
}

/** Certificates and a key, PEM, as `node:tls` takes them. */
export interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads the certificates that settings name; `settingOf` says where each stands, such as `tls.ca`. Throws a `SettingError` for a file
 * that cannot be read, or holds nothing that can be used.
 */
export function readCertificates(
  files: Files,
  { ca, cert, key }: TlsFiles,
  settingOf = (name: string) => `tls.${name}`,
): Certificates {
  const read = (name: string, file: string | undefined, what: string) => {
    if (file === undefined) return undefined;
    const text = files.text(settingOf(name), file);
    const wrong = (problem: string) =>
      new SettingError(`${settingOf(name)}: ${files.path(file)} ${problem}`, settingOf(name));
    const begun = [...text.matchAll(new RegExp(`-----BEGIN [A-Z0-9 ]*${what}-----`, "g"))].length;
    const blocks = text.match(new RegExp(`-----BEGIN ([A-Z0-9 ]*${what})-----[\\s\\S]*?-----END \\1-----`, "g")) ?? [];
    if (begun === 0) throw wrong(`holds no ${what.toLowerCase()} in PEM`);
    if (blocks.length < begun) throw wrong(`is cut off: not every ${what.toLowerCase()} in it has an end`);
    // Node.js passes over authorities that it cannot read: then none is trusted, and nobody is told.
    for (const [index, block] of blocks.entries())
      if (what === "CERTIFICATE" && !isCertificate(block))
        throw wrong(`holds a certificate that cannot be read, number ${index + 1}`);
    return { [name]: text };
  };
  const certificates: Certificates = {
    ...read("ca", ca, "CERTIFICATE"),
    ...read("cert", cert, "CERTIFICATE"),
    ...read("key", key, "PRIVATE KEY"),
  };
  if (Object.keys(certificates).length === 0) return {};
  try {
    createSecureContext(certificates);
  } catch (error) {
    const names = Object.keys(certificates).map(settingOf).join(", ");
    throw new SettingError(
      `${names}: what the files hold cannot be used: ${(error as Error).message}`,
      settingOf(Object.keys(certificates).at(-1)!),
    );
  }
  return certificates;
}

function isCertificate(block: string): boolean {
  try {
    // What OpenSSL says of its trust beside a certificate is no part of it.
    return block.includes("TRUSTED CERTIFICATE") || new X509Certificate(block) !== undefined;
  } catch {
    return false;
  }
}
