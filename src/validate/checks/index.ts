import { type Check, type NotAsked, PROFILES, type Profile, REQUIRED_PROFILES } from "../check.ts";
import { entraGalleryChecks, entraGalleryNotAsked } from "./entra-gallery.ts";
import { entraGroupChecks } from "./entra-groups.ts";
import { entraTransportChecks } from "./entra-transport.ts";
import { entraUserChecks } from "./entra-users.ts";
import { entraWayChecks } from "./entra-ways.ts";
import { interopChangeChecks, interopNotAsked } from "./interop-changes.ts";
import { interopDataChecks } from "./interop-data.ts";
import { ipsieAl1Checks, ipsieNotAsked, ipsieThrottlingChecks } from "./ipsie-al1.ts";
import { ipsieAl2Checks } from "./ipsie-al2.ts";

/** All checks, in the order in which they run. */
export const checks: readonly Check[] = [
  ...entraTransportChecks,
  ...entraUserChecks,
  ...entraGroupChecks,
  ...entraWayChecks,
  ...entraGalleryChecks,
  ...interopDataChecks,
  ...interopChangeChecks,
  ...ipsieAl1Checks,
  ...ipsieAl2Checks,
  ...ipsieThrottlingChecks,
];

/** The rules that cannot be checked by asking the endpoint alone, with the reasons. */
export const notAsked: readonly NotAsked[] = [...entraGalleryNotAsked, ...interopNotAsked, ...ipsieNotAsked];

/** The names of the profiles. */
export const profileNames = Object.keys(PROFILES) as readonly Profile[];

/** The profiles that some profiles stand for: those themselves, and those that they require. */
export function withRequired(profiles: readonly Profile[]): readonly Profile[] {
  const all = profiles.flatMap((each) => [...(REQUIRED_PROFILES[each] ?? []), each]);
  return profileNames.filter((name) => all.includes(name));
}
