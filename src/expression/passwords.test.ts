import { execFileSync } from "node:child_process";
import { pbkdf2Sync, scryptSync } from "node:crypto";
import { verify as verifyArgon2 } from "@node-rs/argon2";
import { verify as verifyBcrypt } from "@node-rs/bcrypt";
import { describe, expect, test } from "vitest";
import { compileExpression } from "./compile.ts";

const hash = (source: string, password: unknown = "correct horse é") =>
  compileExpression(source).evaluate({ password }) as Promise<string>;
const PASSWORD = "correct horse é";
const base64 = (text: string) => Buffer.from(text.replaceAll(".", "+"), "base64");

describe("hashes of passwords", () => {
  test("are bcrypt's, of each version and any number of rounds", async () => {
    const usual = await hash("$bcrypt(password)");
    expect(usual).toMatch(/^\$2b\$12\$.{53}$/);
    expect(await verifyBcrypt(PASSWORD, usual)).toBe(true);
    const php = await hash('$bcrypt(password, {"rounds": 5, "version": "2y"})');
    expect(php).toMatch(/^\$2y\$05\$/);
    expect(await verifyBcrypt("another", php)).toBe(false);
  });

  test("are Argon2id's, with the costs that are told", async () => {
    const text = await hash('$argon2id(password, {"memory": 1024, "passes": 3})');
    expect(text).toMatch(/^\$argon2id\$v=19\$m=1024,t=3,p=1\$/);
    expect(await verifyArgon2(text, PASSWORD)).toBe(true);
    expect(await hash("$argon2id(password)")).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test("are scrypt's", async () => {
    const [, id, costs, salt, derived] = (await hash('$scrypt(password, {"log2N": 12})')).split("$");
    expect([id, costs]).toEqual(["scrypt", "ln=12,r=8,p=1"]);
    expect(scryptSync(PASSWORD, base64(salt!), 32, { N: 4096, r: 8, p: 1 })).toEqual(base64(derived!));
  });

  test("are PBKDF2's, as passlib and as Django write them", async () => {
    const [, id, rounds, salt, derived] = (await hash('$pbkdf2(password, {"iterations": 2000})')).split("$");
    expect([id, rounds]).toEqual(["pbkdf2-sha256", "2000"]);
    expect(pbkdf2Sync(PASSWORD, base64(salt!), 2000, 32, "sha256")).toEqual(base64(derived!));
    const django = await hash('$pbkdf2(password, {"iterations": 2000, "digest": "sha512", "format": "django"})');
    const [name, count, text, key] = django.split("$");
    expect([name, count]).toEqual(["pbkdf2_sha512", "2000"]);
    expect(pbkdf2Sync(PASSWORD, text!, 2000, 64, "sha512").toString("base64")).toBe(key);
  });

  test.each([
    ["$sha512crypt(password)", "6", ""],
    ["$sha256crypt(password)", "5", ""],
  ])("%s is what openssl's crypt makes of the same salt", async (source, id) => {
    const text = await hash(source);
    const [, found, salt] = text.split("$");
    expect(found).toBe(id);
    const args = ["passwd", `-${id}`, "-salt", salt!, "-stdin"];
    expect(execFileSync("openssl", args, { input: PASSWORD, encoding: "utf8" }).trim()).toBe(text);
  });

  test("have a salt of their own each, and none is made of no password", async () => {
    expect(await hash('$bcrypt(password, {"rounds": 4})')).not.toBe(await hash('$bcrypt(password, {"rounds": 4})'));
    for (const source of ["$bcrypt(missing)", "$argon2id(missing)", "$sha512crypt(missing)"])
      expect(await hash(source)).toBeUndefined();
  });

  test.each([
    ["$bcrypt(password)", "x".repeat(73), /longer than 72 bytes/],
    ['$bcrypt(password, {"rounds": 40})', "secret-of-mine", /"rounds" must be a whole number from 4 to 16/],
    ['$pbkdf2(password, {"digest": "md5"})', "secret-of-mine", /"digest" must be one of sha256, sha512, sha1/],
    ["$scrypt(password, 5)", "secret-of-mine", /options must be an object/],
    ["$bcrypt(password)", { a: "secret-of-mine" }, /a password must be text/],
  ])("%s says what is wrong, and never the password", async (source, password, message) => {
    const error = await hash(source, password).catch((each) => each as Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain(typeof password === "string" ? password : password.a);
  });

  test("may take longer than an expression that makes none", async () => {
    const source = '$bcrypt(password, {"rounds": 13}) & $bcrypt(password, {"rounds": 13}) & "."';
    expect(await hash(source)).toMatch(/\.$/);
  });
});
