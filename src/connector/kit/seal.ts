import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const [IV_BYTES, TAG_BYTES] = [12, 16];

/** Seals text, so that clients that carry it can neither read nor forge it. */
export interface Seal {
  /** Seals a text. `about` names what it belongs to. */
  readonly close: (text: string, about: string) => string;
  /** The sealed text; undefined if it was sealed by another key or for something else. */
  readonly open: (closed: string, about: string) => string | undefined;
}

/**
 * A seal with a key derived from the connector's settings, which all processes with the same configuration share. They include the
 * credentials, so anybody who could compute the key already has access.
 */
export function createSeal(settings: unknown): Seal {
  const key = Buffer.from(hkdfSync("sha256", JSON.stringify(settings), "", "postern seal", 32));
  return {
    close: (text, about) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(about));
      return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString(
        "base64url",
      );
    },
    open: (closed, about) => {
      const bytes = Buffer.from(closed, "base64url");
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const opened = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
        return Buffer.concat([opened, decipher.final()]).toString();
      } catch {
        return undefined;
      }
    },
  };
}
