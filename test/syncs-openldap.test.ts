import { afterAll, beforeAll, expect, test } from "vitest";
import { ENTERPRISE_USER } from "../src/scim/schema.ts";
import { type Slapd, startSlapd } from "./servers/slapd.ts";
import { openIntoSlapd } from "./servers/sync-directories.ts";
import { ADA, BOB } from "./servers/syncing.ts";

let slapd: Slapd;
beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd?.stop());

test("a sync into OpenLDAP: accounts, managers, a last day, and who is missing", async () => {
  const syncing = await openIntoSlapd(slapd);
  const row = { family: "Lee", hired: "2026-01-01" };
  syncing.hire({ ...row, number: "1", given: "Ada", manager: "2", ended: "2026-03-31" });
  syncing.hire({ ...row, number: "2", given: "Bob" });
  const entries = () =>
    slapd.ldapsearch("(&(objectClass=inetOrgPerson)(businessCategory=*))", "uid", "manager", "pwdAccountLockedTime");
  await syncing.run({ at: "2026-03-31T12:00:00Z" });
  expect(entries()).toContain(`manager: uid=bob.lee,${syncing.base}`);
  expect(entries()).not.toContain("pwdAccountLockedTime");
  await syncing.run({ at: "2026-04-01T12:00:00Z" });
  expect(entries().match(/^pwdAccountLockedTime: 000001010000Z$/gm)).toHaveLength(1);
  syncing.fire("2");
  await syncing.run({ at: "2026-04-01T13:00:00Z" });
  expect(entries().match(/^pwdAccountLockedTime: 000001010000Z$/gm)).toHaveLength(2);
  await syncing.close();
});

test("a manager who is deleted and made anew under the same DN is shown, and remembered, by the new account at once", async () => {
  const syncing = await openIntoSlapd(slapd);
  syncing.hire(ADA, BOB);
  await syncing.run();
  const { id } = (await syncing.accounts()).get("1")!;
  await syncing.ask({ name: "delete", type: "User", id: String(id), context: syncing.context() });
  await syncing.run({ isReconciling: true });
  const accounts = await syncing.accounts();
  const anew = accounts.get("1")!;
  expect(anew.id).not.toBe(id);
  expect(accounts.get("2")![ENTERPRISE_USER]).toMatchObject({ manager: { value: anew.id } });
  expect(await syncing.run({ isReconciling: true })).toMatchObject({ outcome: "done", counts: {} });
  await syncing.close();
});
