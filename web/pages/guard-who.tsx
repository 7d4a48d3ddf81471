import type { GuardPlace } from "../../src/console/api/guard.ts";
import { personAddress } from "../people/address.ts";
import { Link } from "../router.tsx";

/** A person or a thing, by what people call it and by its id. */
export const Who = ({
  route,
  row,
}: {
  readonly route: string;
  readonly row: GuardPlace & { readonly display: string };
}) => (
  <>
    <Link to={personAddress(route, row.type, row.key)}>{row.display || row.key}</Link>
    {row.display && <span class="quiet mono guard-key">{row.key}</span>}
  </>
);

/** What identifies a change, and nothing more. */
export const placeOf = ({ type, danger, key }: GuardPlace): GuardPlace => ({ type, danger, key });

/** A change's place as one text. */
export const placeName = (place: GuardPlace): string => JSON.stringify(Object.values(placeOf(place)));
