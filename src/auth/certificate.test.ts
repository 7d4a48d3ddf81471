import { describe, expect, test } from "vitest";
import type { ShownCertificate } from "./caller.ts";
import { certificate, certificateConfig, subjectIn } from "./certificate.ts";

const FINGERPRINT = "AB:".repeat(31).concat("AB");
const shown: ShownCertificate = {
  subject: [
    ["CN", "entra"],
    ["O", "Example"],
  ],
  fingerprint: FINGERPRINT,
};
const knows = async (client: object, presented = shown) => {
  const config = certificateConfig.parse({ type: "certificate", clients: [{ name: "entra", ...client }] });
  const caller = await certificate(config)({ authorization: undefined, certificate: presented });
  return caller?.name;
};

describe("a client certificate", () => {
  const cases: [string, object, string | undefined][] = [
    ["of the subject that is named", { subject: "CN=entra, O=Example" }, "entra"],
    ["of the subject in another order, and in quotes", { subject: 'O="Example", cn=entra' }, "entra"],
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

  test("a value that reads like several attributes is one, and is not taken for those", async () => {
    const forged: ShownCertificate = { subject: [["CN", "entra, O=Example"]], fingerprint: FINGERPRINT };
    expect(await knows({ subject: "CN=entra, O=Example" }, forged)).toBeUndefined();
    expect(await knows({ subject: 'CN="entra, O=Example"' }, forged)).toBe("entra");
    expect(await knows({ subject: String.raw`CN=entra\, O\=Example` }, forged)).toBe("entra");
  });

  test.each([
    [
      "CN=entra+OU=it, O=x",
      [
        ["CN", "entra"],
        ["OU", "it"],
        ["O", "x"],
      ],
    ],
    ["entra", undefined],
    ["CN=entra, O", undefined],
    ["", undefined],
    ['CN="entra', undefined],
  ])("a subject as text, %j, is its attributes or nothing", (text, attributes) =>
    expect(subjectIn(text)).toEqual(attributes),
  );

  test("of a client of which nothing is said is refused when the configuration is read: it would be anybody", () => {
    expect(() => certificateConfig.parse({ type: "certificate", clients: [{ name: "anybody" }] })).toThrow(
      /subject or its fingerprint/,
    );
  });
});
