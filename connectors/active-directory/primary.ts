import { AndFilter, EqualityFilter, OrFilter } from "ldapts";
import { type Change, type Entry, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { find } from "../ldap/directory.ts";
import { dnOf, guidOf, guidToBytes } from "../ldap/formats.ts";
import { batches } from "../ldap/resolve.ts";
import { domainOf } from "./dialect.ts";
import type { Domain } from "./domain.ts";

/** The number that `primaryGroupID` refers to. */
export const GROUP_NUMBER = "primaryGroupToken";

/** Reports whether changes remove members from a group. */
export const takesMembers = (changes: readonly Change[]): boolean => changes.some(isRemoval);

const isRemoval = (change: Change): change is Change & { readonly op: "delete" } =>
  change.op === "delete" && change.attr.toLowerCase() === "member";

/** Refuses to remove members whose primary group this is: they are not in `member`, so nothing would change. Rejects with `invalid`. */
export async function checkPrimary(
  domain: Domain,
  base: string,
  group: Entry,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<void> {
  const [number] = valuesOf(group, GROUP_NUMBER).map(String);
  const guids = changes.flatMap((change) =>
    isRemoval(change) ? change.values.flatMap((value) => guidOf(String(value)) ?? []) : [],
  );
  if (number === undefined) return;
  for (const batch of batches(guids)) {
    const any = batch.map((guid) => new EqualityFilter({ attribute: "objectGUID", value: guidToBytes(guid) }));
    const isPrimary = new EqualityFilter({ attribute: "primaryGroupID", value: number });
    const filter = new AndFilter({ filters: [isPrimary, new OrFilter({ filters: any })] });
    const [found] = await find(domain, { base: domainOf(base), filter, attrs: ["1.1"], size: 1 }, signal);
    if (found)
      throw new ConnectorError(
        "invalid",
        `This is the primary group of ${dnOf(found.dn)}. Make another group primary before you remove them. Nothing was changed.`,
        { attr: "member" },
      );
  }
}
