import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { entraConfig } from "./settings.ts";

const tenant = "0a1b2c3d-1111-4222-8333-444455556666";
const settings = {
  tenant,
  client: "0a1b2c3d-2222-4222-8333-444455556666",
  servicePrincipal: "0a1b2c3d-3333-4222-8333-444455556666",
  job: `API2AAD.${tenant.replaceAll("-", "")}.0a1b2c3d-4444-4222-8333-444455556666`,
  credential: { secret: "a-secret" },
};
const faults = (more: object) => {
  const { success, error } = entraConfig.safeParse({ ...settings, ...more });
  return success ? [] : error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
};

test("the public cloud and the budget of P1 are the defaults", () => {
  expect(entraConfig.parse(settings)).toMatchObject({
    graph: "https://graph.microsoft.com",
    login: "https://login.microsoftonline.com",
    requestsPerDay: 2000,
  });
});

test("there is exactly one credential, and it is whole", () => {
  const one = "credential: set exactly one of: `secret`, `certificate` with `key`, `federatedToken`, `managedIdentity`";
  expect(faults({ credential: {} })).toEqual([one]);
  expect(faults({ credential: { secret: "s", managedIdentity: true } })).toEqual([one]);
  expect(faults({ credential: { certificate: "c.pem" } })).toEqual([
    "credential: `certificate` and `key` must be set together",
  ]);
  for (const credential of [{ certificate: "c", key: "k" }, { federatedToken: "f" }, { managedIdentity: true }])
    expect(faults({ credential })).toEqual([]);
});

test("a client is named, but for managed identities", () => {
  expect(faults({ client: undefined })).toEqual([expect.stringContaining("client: this credential needs `client`")]);
  expect(faults({ client: undefined, credential: { managedIdentity: true } })).toEqual([]);
});

test("a job of another tenant, or one that could leave its place in an address or a filter, is a mistake", () => {
  expect(faults({ job: settings.job.replace("0a1b", "ffff") })).toEqual([
    expect.stringContaining("job: the job belongs to another tenant"),
  ]);
  for (const job of ["", "a/b", "a'b", "a b", "x?y"]) expect(faults({ job })).toHaveLength(1);
});

test("secrets go by https, or stay on this machine", () => {
  expect(faults({ login: "http://login.example" })).toEqual([expect.stringContaining("must be https")]);
  expect(faults({ graph: "http://localhost.example" })).toEqual([expect.stringContaining("must be https")]);
  expect(faults({ graph: "http://localhost:1234/" })).toEqual([]);
});

test("the examples of docs/guides/entra-inbound.md are settings", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/guides/entra-inbound.md"), "utf8");
  const examples = [...page.matchAll(/^ *```yaml\n([\s\S]*?)```/gm)].map(([, text]) => parse(text!));
  const [whole, ...credentials] = examples;
  expect(entraConfig.parse(whole.syncs["hr-to-entra"].to.entra)).toMatchObject({ requestsPerDay: 2000 });
  expect(credentials.map(({ credential }) => Object.keys(credential)[0])).toEqual([
    "certificate",
    "federatedToken",
    "secret",
    "managedIdentity",
    "managedIdentity",
  ]);
  for (const more of credentials) expect(faults(more)).toEqual([]);
});
