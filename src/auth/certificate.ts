import { z } from "zod";
import { type Authenticate, callerConfig } from "./caller.ts";

export const certificateConfig = z.strictObject({
  type: z.literal("certificate").describe("Client certificates that the authority of server.tls.clientCa issued."),
  clients: z
    .array(
      z
        .strictObject({
          ...callerConfig,
          subject: z
            .string()
            .optional()
            .describe("The certificate's subject, its parts in their order: CN=entra, O=Example."),
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

/** Client certificates: the TLS layer has checked whose they are, here is said which of them are callers. */
export function certificate(config: z.output<typeof certificateConfig>): Authenticate {
  return async ({ certificate: shown }) => {
    if (!shown) return undefined;
    return config.clients.find(
      ({ subject, fingerprint }) =>
        (subject === undefined || subject === shown.subject) &&
        (fingerprint === undefined || plain(fingerprint) === plain(shown.fingerprint)),
    );
  };
}
