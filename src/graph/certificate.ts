import { createHash, createPrivateKey, type KeyObject, randomUUID, X509Certificate } from "node:crypto";
import { SignJWT } from "jose";
import { SettingError } from "../connector/error.ts";
import type { Files } from "../connector/kit/files.ts";

/** A certificate of the app registration's, with its key. */
export interface Identity {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** Seconds for which an assertion holds. Microsoft asks for 5 to 10 minutes at most. */
const ASSERTION_SECONDS = 300;

/** Reads a certificate and its key. Throws a `SettingError` that names the setting and what is wrong with it. */
export function readIdentity(files: Files, paths: { readonly certificate: string; readonly key: string }): Identity {
  const certificate = parsed(
    "credential.certificate",
    "certificate",
    files.text("credential.certificate", paths.certificate),
    (text) => new X509Certificate(text),
  );
  const key = parsed(
    "credential.key",
    "private key without a passphrase",
    files.text("credential.key", paths.key),
    createPrivateKey,
  );
  if (key.asymmetricKeyType !== "rsa")
    throw new SettingError("credential.key: Entra takes certificates with RSA keys only", "credential.key");
  if (!certificate.checkPrivateKey(key))
    throw new SettingError(
      "credential.key: this is not the key of the certificate in credential.certificate",
      "credential.key",
    );
  return { certificate, key };
}

function parsed<T>(setting: string, what: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch {
    throw new SettingError(`${setting}: the file holds no ${what} in PEM`, setting);
  }
}

/** A signed assertion in place of a secret, RFC 7523 §2.2, as Entra takes it. */
export async function signedAssertion(
  { certificate, key }: Identity,
  { client, audience, now }: { readonly client: string; readonly audience: string; readonly now: number },
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const thumbprint = createHash("sha256").update(certificate.raw).digest("base64url");
  return new SignJWT()
    .setProtectedHeader({ alg: "PS256", typ: "JWT", "x5t#S256": thumbprint })
    .setIssuer(client)
    .setSubject(client)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt(seconds)
    .setNotBefore(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .sign(key);
}
