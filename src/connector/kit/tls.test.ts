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
writeFileSync(join(folder, "broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

test("certificates are read from the files that settings name, and none where none is named", () => {
  expect(readCertificates(files, { ca: "ca.pem" })).toEqual({ ca: `${first}\n${second}\n` });
  expect(readCertificates(files, {})).toEqual({});
});

test.each([
  [{ ca: "nowhere.pem" }, /^tls\.ca: .*nowhere\.pem cannot be read: there is no such file$/],
  [{ ca: "." }, /^tls\.ca: .* cannot be read: it is a folder$/],
  [{ cert: "notes.txt" }, /^tls\.cert: .*notes\.txt holds no certificate in PEM$/],
  [{ key: "ca.pem" }, /^tls\.key: .*ca\.pem holds no private key in PEM$/],
  [{ cert: "broken.pem" }, /^tls\.cert: what the files hold cannot be used: /],
])("what cannot be used is said with the setting: %j", (given, message) => {
  expect(() => readCertificates(files, given)).toThrow(message);
});

test("where the setting is an option of the command line, that is named", () => {
  expect(() => readCertificates(files, { ca: "no.pem" }, (name) => `--${name}`)).toThrow(/^--ca: /);
});
