import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { loadConfig } from "../src/config/load.ts";
import { registry } from "./servers/registry.ts";
import { openSyncing, RULES, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
beforeAll(async () => {
  syncing = await openSyncing();
});
afterAll(() => syncing.close());

/** What is wrong with a sync that has some settings, in words; nothing where it is right. */
function wrongWith(settings: object): string {
  const config = parse(readFileSync(syncing.file, "utf8"));
  const { mapping } = config.routes["/target"].User;
  config.routes["/target"].User.mapping = mapping.replace("account.yaml", "account-password.yaml");
  Object.assign(config.syncs.people, settings);
  const other = `${syncing.file}.other.yaml`;
  writeFileSync(other, stringify(config));
  try {
    loadConfig(other, registry, {});
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const secret = "a-secret-of-the-tests-only";
const withPassword = { ...RULES, password: { value: "$secret()" } };

describe("settings of a sync that are refused", () => {
  test("passwords go by https, or to this machine", () => {
    const to = (url: string) => wrongWith({ attributes: withPassword, passwords: { url, secret } });
    expect(to("http://sms.example.com/new")).toContain("this URL receives passwords: it must be https");
    expect(to("ftp://sms.example.com/new")).toContain("it must be https");
    expect(to("http://localhost.example.com/new")).toContain("it must be https");
    expect(to("http://localhost:80@sms.example.com/new")).toContain("it must be https");
    expect(to("https://sms.example.com/new")).toBe("");
    expect(to("http://127.0.0.1:8080/new")).toBe("");
  });

  test("passwords that no rule makes cannot be delivered", () => {
    const passwords = { url: "https://sms.example.com/new", secret };
    expect(wrongWith({ passwords })).toContain("no rule writes a password");
  });

  test("an account that is deleted is not written", () => {
    const stages = [{ do: "delete", set: { title: "Left" } }];
    expect(wrongWith({ leavers: { stages } })).toContain("a deleted account cannot be written");
    expect(wrongWith({ leavers: { stages: [{ do: "set", set: { title: "Left" } }, { do: "delete" }] } })).toBe("");
  });

  test("no duration is negative", () => {
    expect(wrongWith({ leavers: { after: "-P3D" } })).toContain("cannot be negative");
    expect(wrongWith({ leavers: { stages: [{ do: "delete", after: "P-30D" }] } })).toContain("cannot be negative");
    expect(wrongWith({ leavers: { after: "PT0S" } })).toBe("");
  });
});
