import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { SettingError } from "../error.ts";
import type { Files } from "./files.ts";

/** Settings that name certificate files, PEM. */
export interface TlsFiles {
  /** CAs that verify the server's certificate. Default: the system's. */
  readonly ca?: string | undefined;
  /** The gateway's certificate chain for mutual TLS. */
  readonly cert?: string | undefined;
  /** Private key of the certificate. */
  readonly key?: string | undefined;
}

/** Certificates and a key, PEM, for `node:tls`. */
export interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads certificate files. `settingOf` maps each to its setting, such as `tls.ca`. Throws a `SettingError` if a file is unreadable or
 * contains nothing usable.
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
    if (begun === 0) throw wrong(`contains no ${what.toLowerCase()} in PEM`);
    if (blocks.length < begun) throw wrong(`is cut off: a ${what.toLowerCase()} in it has no end`);
    // Node.js silently skips CAs that it cannot parse, and would then trust none.
    for (const [index, block] of blocks.entries())
      if (what === "CERTIFICATE" && !isCertificate(block))
        throw wrong(`contains an unreadable certificate, number ${index + 1}`);
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
      `${names}: the files are not usable: ${(error as Error).message}`,
      settingOf(Object.keys(certificates).at(-1)!),
    );
  }
  return certificates;
}

function isCertificate(block: string): boolean {
  try {
    // OpenSSL's trust settings follow the certificate and are not part of it.
    return block.includes("TRUSTED CERTIFICATE") || new X509Certificate(block) !== undefined;
  } catch {
    return false;
  }
}
