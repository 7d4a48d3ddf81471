import { expect, test } from "vitest";
import { readSource } from "./source.ts";

test.each([
  ["in the middle", `{"x": "${"y".repeat(100)}", "password": S3CRET, "z": "${"y".repeat(200)}"}`],
  ["at the end", `{"x": "${"y".repeat(100)}", "password": S3CRET}`],
  ["at the beginning", `{"password": S3CRET, "z": "${"y".repeat(200)}"}`],
  ["in a short file", '{"password": S3CRET}'],
])("a mistake %s of a file is told without the text around it", (_, text) => {
  const said = () => readSource("plugin-ldap.json", text);
  expect(said).toThrow("plugin-ldap.json is not JSON: Unexpected token 'S'");
  expect(said).not.toThrow("S3");
});
