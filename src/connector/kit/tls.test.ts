import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { expect, test } from "vitest";
import { filesIn } from "./files.ts";
import { readCertificates } from "./tls.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-tls-"));
const files = filesIn(folder);
const [first, second] = rootCertificates;
writeFileSync(join(folder, "ca.pem"), `${first}\n${second}\n`);
writeFileSync(join(folder, "notes.txt"), "no certificate");
writeFileSync(join(folder, "cut.pem"), first!.slice(0, 200));
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
writeFileSync(join(folder, "other.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
const named = first!.replaceAll(" CERTIFICATE", " X509 CERTIFICATE");
writeFileSync(join(folder, "x509.pem"), `# An authority\n${named}`);
writeFileSync(join(folder, "broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

test("certificates are read from the files that settings name, and none where none is named", () => {
  expect(readCertificates(files, { ca: "ca.pem" })).toEqual({ ca: `${first}\n${second}\n` });
  expect(readCertificates(files, { ca: "x509.pem" }).ca).toContain("X509");
  expect(readCertificates(files, {})).toEqual({});
});

test.each([
  [{ ca: "nowhere.pem" }, /^tls\.ca: .*nowhere\.pem cannot be read: no such file$/],
  [{ ca: "." }, /^tls\.ca: .* cannot be read: it is a folder$/],
  [{ cert: "notes.txt" }, /^tls\.cert: .*notes\.txt contains no certificate in PEM$/],
  [{ key: "ca.pem" }, /^tls\.key: .*ca\.pem contains no private key in PEM$/],
  [{ cert: "broken.pem" }, /^tls\.cert: .*broken\.pem contains an unreadable certificate, number 1$/],
  [{ ca: "broken.pem" }, /^tls\.ca: .*broken\.pem contains an unreadable certificate, number 1$/],
  [{ ca: "cut.pem" }, /^tls\.ca: .*cut\.pem is cut off: a certificate in it has no end$/],
  [{ cert: "ca.pem", key: "other.key" }, /^tls\.cert, tls\.key: the files are not usable: .*mismatch/],
])("what cannot be used is said with the setting: %j", (given, message) => {
  expect(() => readCertificates(files, given)).toThrow(message);
});

test("where the setting is an option of the command line, that is named", () => {
  expect(() => readCertificates(files, { ca: "no.pem" }, (name) => `--${name}`)).toThrow(/^--ca: /);
});
