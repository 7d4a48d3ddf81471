import { describe, expect, test } from "vitest";
import { certificate, certificateConfig } from "./certificate.ts";

const FINGERPRINT = "AB:".repeat(31).concat("AB");
const shown = { subject: "CN=entra, O=Example", fingerprint: FINGERPRINT };
const knows = async (client: object, presented = shown) => {
  const config = certificateConfig.parse({ type: "certificate", clients: [{ name: "entra", ...client }] });
  const caller = await certificate(config)({ authorization: undefined, certificate: presented });
  return caller?.name;
};

describe("a client certificate", () => {
  const cases: [string, object, string | undefined][] = [
    ["of the subject that is named", { subject: "CN=entra, O=Example" }, "entra"],
    ["of a subject that has more parts", { subject: "CN=entra" }, undefined],
    ["of another subject", { subject: "CN=other, O=Example" }, undefined],
    ["of the fingerprint, with colons or without", { fingerprint: "ab".repeat(32) }, "entra"],
    ["of another fingerprint", { fingerprint: "cd".repeat(32) }, undefined],
    [
      "of the subject, but another fingerprint",
      { subject: "CN=entra, O=Example", fingerprint: "cd".repeat(32) },
      undefined,
    ],
  ];
  test.each(cases)("%s", async (_, client, expected) => expect(await knows(client)).toBe(expected));

  test("of a client of which nothing is said is refused when the configuration is read: it would be anybody", () => {
    expect(() => certificateConfig.parse({ type: "certificate", clients: [{ name: "anybody" }] })).toThrow(
      /subject or its fingerprint/,
    );
  });
});
