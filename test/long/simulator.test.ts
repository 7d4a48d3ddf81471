import { describe, expect, test } from "vitest";
import type { SourceValue } from "../../src/entra/directory.ts";
import { startHrGateway } from "../servers/databases.ts";
import { legacyHr, startGateway, type TestGateway } from "../servers/gateway.ts";
import { startActiveDirectoryGateway } from "../servers/samba.ts";
import { startOpenLdapGateway } from "../servers/slapd.ts";
import { seedOf } from "../suites/draws.ts";
import { type Life, simulatedLife } from "../suites/simulated-tenant.ts";

const PEOPLE = Number(process.env.PEOPLE ?? 2000);
const CYCLES = Number(process.env.CYCLES ?? 20);

const cut = (length: number) => (_: string, value: SourceValue) =>
  typeof value === "string" ? value.slice(0, length) : value;

const BACKENDS: readonly [name: string, start: () => Promise<TestGateway>, within?: Life["within"]][] = [
  ["SQLite", () => startGateway(legacyHr())],
  // Columns have a length.
  ["MariaDB", () => startHrGateway("mysql"), cut(100)],
  // A telephone number is of PrintableString there, RFC 4517 §3.3.31, and a group's name stands in its DN.
  [
    "OpenLDAP",
    startOpenLdapGateway,
    (name, value) =>
      /^(telephoneNumber|mobile)$/.test(name) && /[^\w '()+,./:?=-]/.test(String(value)) ? null : cut(60)(name, value),
  ],
  // A group's name there is its cn, of up to 64 characters.
  ["Active Directory", startActiveDirectoryGateway, cut(60)],
];

describe.each(BACKENDS)("the Entra simulator before %s", (name, start, within) => {
  test(`an initial cycle of ${PEOPLE} people and their groups, ${CYCLES} cycles of edits and a restart in full`, async () => {
    const gateway = await start();
    const seed = seedOf();
    try {
      const dialect = seed % 2 === 0 ? "legacy" : "compliant";
      const began = performance.now();
      const counted = await simulatedLife(gateway, {
        people: PEOPLE,
        groups: PEOPLE / 20,
        cycles: CYCLES,
        seed,
        dialect,
        ...(within && { within }),
      });
      console.log(name, { seed, dialect, seconds: Math.round((performance.now() - began) / 1000), ...counted });
      expect(counted.edits).toBeGreaterThan(PEOPLE);
    } finally {
      await gateway.stop();
    }
  }, 1_800_000);
});
