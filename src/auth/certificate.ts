import { z } from "zod";
import { type Authenticate, callerConfig, type ShownCertificate } from "./caller.ts";

/** Settings of `auth` with client certificates. */
export const certificateConfig = z.strictObject({
  type: z.literal("certificate").describe("Client certificates issued by the CA in server.tls.clientCa."),
  clients: z
    .array(
      z
        .strictObject({
          ...callerConfig,
          subject: z
            .string()
            .refine((subject) => subjectIn(subject) !== undefined, "a subject is written CN=entra, O=Example")
            .optional()
            .describe(
              'Subject of the certificate, with all its attributes in any order: CN=entra, O=Example. Quote a value that contains a comma: O="Example, Inc.".',
            ),
          fingerprint: z
            .string()
            .regex(/^[0-9A-Fa-f:]{64,95}$/, "a fingerprint is SHA-256 in hex")
            .optional()
            .describe("SHA-256 fingerprint of the certificate, with or without colons. Use this or the subject."),
        })
        .refine(
          ({ subject, fingerprint }) => subject !== undefined || fingerprint !== undefined,
          "set either the certificate's subject or its fingerprint",
        ),
    )
    .min(1),
});

const plain = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();

/** One attribute of a subject: its type and value, quoted or with escaped special characters. */
const ATTRIBUTE = /\s*([A-Za-z][\w.-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^",\\+]|\\.)*?))\s*(?:[,+]|$)/y;

/** Parses a subject in the format of RFC 4514 with OpenSSL's quotes; undefined if it is not one. */
export function subjectIn(text: string): ShownCertificate["subject"] | undefined {
  const attributes: [string, string][] = [];
  ATTRIBUTE.lastIndex = 0;
  while (ATTRIBUTE.lastIndex < text.length) {
    const [, type, quoted, bare] = ATTRIBUTE.exec(text) ?? [];
    if (type === undefined) return undefined;
    attributes.push([type, (quoted ?? bare ?? "").replace(/\\(.)/gs, "$1")]);
  }
  return attributes.length > 0 ? attributes : undefined;
}

/** Reports whether subjects are equal attribute by attribute: a value that looks like several is still one. */
function isSameSubject(one: ShownCertificate["subject"], other: ShownCertificate["subject"]): boolean {
  const form = (subject: ShownCertificate["subject"]) =>
    subject.map(([type, value]) => JSON.stringify([type.toUpperCase(), value])).sort();
  return JSON.stringify(form(one)) === JSON.stringify(form(other));
}

/** Client certificates. The TLS layer has verified the issuer; this decides which of them are callers. */
export function certificate(config: z.output<typeof certificateConfig>): Authenticate {
  const clients = config.clients.map(({ subject, fingerprint, ...caller }) => ({
    caller,
    subject: subject === undefined ? undefined : subjectIn(subject)!,
    fingerprint: fingerprint === undefined ? undefined : plain(fingerprint),
  }));
  return async ({ certificate: shown }) => {
    if (!shown) return undefined;
    const isShown = ({ subject, fingerprint }: (typeof clients)[number]) =>
      (subject === undefined || isSameSubject(subject, shown.subject)) &&
      (fingerprint === undefined || fingerprint === plain(shown.fingerprint));
    return clients.find(isShown)?.caller;
  };
}
