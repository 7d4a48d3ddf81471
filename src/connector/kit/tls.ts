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
    if (!new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text))
      throw new SettingError(`${settingOf(name)}: ${files.path(file)} holds no ${what.toLowerCase()} in PEM`);
    return { [name]: text };
  };
  const certificates: Certificates = {
    ...read("ca", ca, "CERTIFICATE"),
    ...read("cert", cert, "CERTIFICATE"),
    ...read("key", key, "PRIVATE KEY"),
  };
  try {
    createSecureContext(certificates);
  } catch (error) {
    const names = Object.keys(certificates).map(settingOf).join(", ");
    throw new SettingError(`${names}: what the files hold cannot be used: ${(error as Error).message}`);
  }
  return certificates;
}
