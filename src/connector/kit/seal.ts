import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const [IV_BYTES, TAG_BYTES] = [12, 16];

/** Hides text from those who carry it, and knows it again: no other text passes for it. */
export interface Seal {
  /** Closes a text; `about` says what it belongs to. */
  readonly close: (text: string, about: string) => string;
  /** The text within; undefined for what was not closed by the same seal, or belongs to something else. */
  readonly open: (closed: string, about: string) => string | undefined;
}

/**
 * A seal whose key follows from what every process with the same configuration has: a connector's settings, with the
 * credentials among them. Whoever knows those needs no seal to be let in.
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
