import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** An authority of the tests' own, whose certificate the gateway is told to trust. */
export function makeAuthority(folder: string): string {
  const key = join(folder, "ca.key");
  const certificate = join(folder, "ca.pem");
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", [
    ...["-keyout", key, "-out", certificate, "-subj", "/CN=Authority of the tests"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
  ]);
  return certificate;
}

/** A certificate of the authority for some names, `IP:127.0.0.1,DNS:host`, under a name of its own in the folder. */
export function makeCertificate(folder: string, own: string, names: string): { key: string; certificate: string } {
  const name = join(folder, own);
  const paths = { key: `${name}.key`, request: `${name}.csr`, certificate: `${name}.pem`, extensions: `${name}.ext` };
  openssl("req", "-newkey", "rsa:2048", "-nodes", ["-keyout", paths.key, "-out", paths.request, "-subj", "/CN=dc1"]);
  writeFileSync(paths.extensions, `subjectAltName=${names}\n`);
  openssl("x509", "-req", "-days", "30", "-CAcreateserial", [
    ...["-in", paths.request, "-CA", join(folder, "ca.pem"), "-CAkey", join(folder, "ca.key")],
    ...["-extfile", paths.extensions, "-out", paths.certificate],
  ]);
  execFileSync("chmod", ["600", paths.key]);
  return paths;
}

const openssl = (...args: (string | string[])[]) =>
  execFileSync("openssl", args.flat(), { stdio: ["ignore", "ignore", "pipe"] });
