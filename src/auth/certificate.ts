import { z } from "zod";
import { type Authenticate, callerConfig, type ShownCertificate } from "./caller.ts";

/** Settings of `auth` with client certificates. */
export const certificateConfig = z.strictObject({
  type: z.literal("certificate").describe("Client certificates that the authority of server.tls.clientCa issued."),
  clients: z
    .array(
      z
        .strictObject({
          ...callerConfig,
          subject: z
            .string()
            .refine((subject) => subjectIn(subject) !== undefined, "a subject is CN=entra, O=Example")
            .optional()
            .describe(
              'The attributes of the certificate\'s subject, all of them, in any order: CN=entra, O=Example. A value with a comma in it stands in quotes: O="Example, Inc.".',
            ),
          fingerprint: z
            .string()
            .regex(/^[0-9A-Fa-f:]{64,95}$/, "a fingerprint is SHA-256 in hex")
            .optional()
            .describe("Or its SHA-256 fingerprint, with colons or without."),
        })
        .refine(
          ({ subject, fingerprint }) => subject !== undefined || fingerprint !== undefined,
          "name the certificate's subject or its fingerprint",
        ),
    )
    .min(1),
});

const plain = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();

/** One attribute of a subject as text: its type, and its value, in quotes or with backslashes before what means something. */
const ATTRIBUTE = /\s*([A-Za-z][\w.-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^",\\+]|\\.)*?))\s*(?:[,+]|$)/y;

/** The attributes of a subject that is written as text, RFC 4514 with quotes as OpenSSL writes them; undefined where it is none. */
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

/** Attributes are the same where each of one is in the other: a value that looks like several is still one. */
function isSameSubject(one: ShownCertificate["subject"], other: ShownCertificate["subject"]): boolean {
  const form = (subject: ShownCertificate["subject"]) =>
    subject.map(([type, value]) => JSON.stringify([type.toUpperCase(), value])).sort();
  return JSON.stringify(form(one)) === JSON.stringify(form(other));
}

/** Client certificates: the TLS layer has checked who issued them, here is said which of them are callers. */
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
