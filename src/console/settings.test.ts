import { expect, test } from "vitest";
import { consoleConfig, consoleProblem } from "./settings.ts";

const here = { host: "127.0.0.1", port: 9464 };
const everywhere = { host: "0.0.0.0", port: 9464 };
const tls = { cert: "tls.pem", key: "tls.key" };

test.each([
  ["nothing else on this machine", {}, here],
  ["TLS on this machine", {}, { ...here, tls }],
  ["another name of this machine", { url: "http://localhost:9464" }, here],
  ["a tunnel to this machine, with TLS at its end", { url: "https://postern.example.com" }, here],
  ["TLS, and a name", { url: "https://postern.example.com:9464" }, { ...everywhere, tls }],
  ["a container's port that this machine publishes", { url: "http://localhost:9464" }, everywhere],
  ["a proxy that ends TLS", { url: "https://postern.example.com" }, everywhere],
])("the console may be served with %s", (_, settings, operations) => {
  expect(consoleProblem(settings, operations)).toBeUndefined();
});

test.each([
  ["no address of its own", {}, undefined, /add operations/],
  ["no name that browsers know", {}, { ...everywhere, tls }, /set console\.url/],
  ["a name without the TLS that there is", { url: "http://127.0.0.1:9464" }, { ...here, tls }, /begin .* with https/],
])("the console may not be served with %s", (_, settings, operations, message) => {
  expect(consoleProblem(settings, operations)?.message).toMatch(message);
});

test.each([
  "http://postern.example.com",
  "https://postern.example.com/console",
  "https://u@postern.example.com",
  "ftp://x",
])("%s is no address of a console", (url) => {
  expect(consoleConfig.safeParse({ url }).success).toBe(false);
});

test("somebody must be able to sign in", () => {
  const oidc = { issuer: "https://idp.example.com", clientId: "postern", clientSecret: "secret" };
  const parse = (more: object) => consoleConfig.safeParse({ signIn: { oidc: { ...oidc, ...more } } }).success;
  expect(parse({ roles: { viewer: ["Viewer"] } })).toBe(true);
  expect(parse({ roles: {} })).toBe(false);
  expect(parse({ roles: { viewer: ["Viewer"] }, issuer: "http://idp.example.com" })).toBe(false);
});
