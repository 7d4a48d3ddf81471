import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor, secretsInQuery } from "./redact.ts";

const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify(secret),
  (secret) => JSON.stringify({ [secret]: JSON.stringify(secret).replaceAll("/", "\\/") }),
  (secret) => encodeURIComponent(secret),
  (secret) => encodeURIComponent(encodeURIComponent(secret)).toLowerCase(),
  (secret) => new URLSearchParams({ secret }).toString(),
  (secret) => secret.replace(/[&<>"'/=]/g, (char) => `&#${char.charCodeAt(0)};`),
];

describe("secrets in what an endpoint says", () => {
  test("each is found in every form, and nothing else is changed", () => {
    const secrets = fc.stringMatching(/^[A-Za-z0-9 !-~]{8,40}$/);
    fc.assert(
      fc.property(secrets, fc.constantFrom(...FORMS), (secret, form) => {
        const redactor = createRedactor();
        redactor.add(secret, "(*)");
        const around = { before: "a word", after: 'another "\\"' };
        expect(redactor.text(`[ ${form(secret)} ]`)).toContain("(*)");
        expect(redactor.answer(JSON.stringify({ ...around, said: form(secret) }))).toMatchObject({ json: around });
        const clean = JSON.stringify(around);
        expect(redactor.answer(clean)).toEqual({ text: clean, json: around });
      }),
    );
  });

  test("a secret of backslashes does not take long", () => {
    const redactor = createRedactor();
    redactor.add(`${"\\".repeat(12)}//${"\\".repeat(12)}-0123`, "(*)");
    const started = performance.now();
    redactor.text(`0123${"\\".repeat(20_000)}`);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test.each([
    ["?code=letmeinplease", ["letmeinplease"]],
    ["?subscription-key=a%2Fb%3D1", ["a/b=1"]],
    ["?x=k3J9xQ2m", ["k3J9xQ2m"]],
    ["?k3J9xQ2mZZ", ["k3J9xQ2mZZ"]],
    ["?aadOptscim062020&view=displayName&api-version=2024-01-01-preview&v=v2.0", []],
  ])("of the query %s: %j", (search, secrets) => expect(secretsInQuery(search)).toEqual(secrets));
});
