import { afterAll, beforeAll, expect, test } from "vitest";
import { type Samba, startSamba } from "../servers/samba.ts";
import { openIntoSamba } from "../servers/sync-directories.ts";
import { seedOf } from "../suites/draws.ts";
import { killedOften, type RawAccount, type Seen } from "../suites/sync-kill.ts";

let samba: Samba;
beforeAll(async () => {
  samba = await startSamba();
});
afterAll(() => samba?.stop());

const KEY = "msDS-cloudExtensionAttribute1";

/** Accounts of a part of the domain, as ldapsearch has them. */
const inDomain = (base: string): Seen => ({
  accounts: () => {
    const text = samba.ldapsearch(base, "(objectClass=user)", KEY, "userPrincipalName", "manager");
    const entries = text.split("\n\n").filter((entry) => /^dn: CN=/m.test(entry));
    const of = (entry: string, attr: string) => new RegExp(`^${attr}: (.*)$`, "mi").exec(entry)?.[1];
    const keys = new Map(entries.map((entry) => [of(entry, "dn"), of(entry, KEY)]));
    return entries.map((entry): RawAccount => {
      const manager = of(entry, "manager");
      const name = of(entry, "userPrincipalName");
      return { key: of(entry, KEY) ?? "", name: name ?? "", manager: manager && (keys.get(manager) ?? manager) };
    });
  },
  version: () => samba.ldapsearch("", "-s", "base", "(objectClass=*)", "highestCommittedUSN"),
});

/**
 * Samba creates 10 to 25 accounts a second, and a run that follows a killed one plans anew for everybody who has no account yet: 2,000
 * people and fifty kills are what fits into ten minutes. PEOPLE=5000 takes about half an hour.
 */
const PEOPLE = Number(process.env.PEOPLE ?? 2000);
const KILLS = Number(process.env.KILLS ?? 50);

test(`${PEOPLE} joiners into Active Directory: a first run that is killed ${KILLS} times makes every account once, with its manager`, async () => {
  const syncing = await openIntoSamba(samba);
  const seed = seedOf();
  try {
    const kills = { people: PEOPLE, kills: KILLS, seed, withinMs: 5000, waitsForLease: true };
    const report = await killedOften(syncing, inDomain(syncing.base), kills);
    console.log(`seed ${seed}`, report);
    expect(report.killed).toBeGreaterThan(KILLS / 2);
  } finally {
    await syncing.close();
  }
}, 3_600_000);
