import { describe, expect, test } from "vitest";
import { withSecrets } from "./secrets.ts";

const told = (value: unknown, env = {}) => withSecrets(value, env).missing.map(({ message }) => message);

describe("a text of the configuration that only looks like a reference to a secret", () => {
  test.each([
    [
      "${POSTERN_SCIM_TOKEN}",
      "`${POSTERN_SCIM_TOKEN}` is not a valid reference: write `${env:POSTERN_SCIM_TOKEN}` or `${file:PATH}`",
    ],
    [
      "${env.SCIM_TOKEN_1}",
      "`${env.SCIM_TOKEN_1}` is not a valid reference: write `${env:SCIM_TOKEN_1}` or `${file:PATH}`",
    ],
    ["${ENV:SCIM_TOKEN}", "`${ENV:SCIM_TOKEN}` is not a valid reference: write `${env:SCIM_TOKEN}` or `${file:PATH}`"],
    ["${env: SCIM_TOKEN", "`${env: SCIM_TOKEN` is not a valid reference: write `${env:SCIM_TOKEN}` or `${file:PATH}`"],
    [
      "${SCIM_TOKEN:-changeme}",
      "`${SCIM_TOKEN:-changeme}` is not a valid reference: write `${env:SCIM_TOKEN}` or `${file:PATH}`",
    ],
    [
      "${{ secrets.SCIM_TOKEN }}",
      "`${{ secrets.SCIM_TOKEN }}` is not a valid reference: write `${env:SCIM_TOKEN}` or `${file:PATH}`",
    ],
    [
      "${FILE:/run/secrets/token}",
      "`${FILE:/run/secrets/token}` is not a valid reference: write `${file:/run/secrets/token}`",
    ],
    ["${env:}", "`${env:}` is not a valid reference: write `${env:NAME}` or `${file:PATH}`"],
    [
      "$POSTERN_SCIM_TOKEN",
      "`$POSTERN_SCIM_TOKEN` is not a valid reference: write `${env:POSTERN_SCIM_TOKEN}` or `${file:PATH}`",
    ],
  ])("is refused: %s", (token, message) => {
    expect(told({ auth: [{ tokens: [{ token }] }] })).toEqual([message]);
  });

  test("is refused in every setting, and what stands beside it is not repeated", () => {
    expect(told({ bind: { dn: "cn=${ACCOUNT},dc=example" } })).toEqual([
      "`${...}` is not a valid reference: write `${env:ACCOUNT}` or `${file:PATH}`",
    ]);
  });

  test("is not looked for in secrets themselves", () => {
    const { data, missing } = withSecrets({ token: "${env:T}" }, { T: "a${B}c" });
    expect(missing).toEqual([]);
    expect(data).toEqual({ token: "a${B}c" });
  });

  test.each([['items${"id": id}'], ["items.${id: $}"], ["$value"], ["$key"], ["pa$$word"]])(
    "is none where it is JSONata or plain text: %s",
    (text) => expect(told({ entry: text })).toEqual([]),
  );

  test("a password may begin with a dollar", () => expect(told({ password: "$uper-S3cret" })).toEqual([]));
});
