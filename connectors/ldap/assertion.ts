import { AndFilter, EqualityFilter, type Filter, NotFilter, PresenceFilter } from "ldapts";
import type { Expected, Value } from "../../src/connector/connector.ts";
import { type TypeOf, toLdap } from "./attributes.ts";
import { keyFilter, type LdapKind } from "./directory.ts";

/** What a write asserts about the entry: its key, its kind and the expected values. */
export function assertionOf(
  kind: LdapKind,
  key: string,
  expected: Expected | undefined,
  swaps: readonly { attr: string; from: Value | null }[],
  typeOf: TypeOf,
): Filter {
  const held = Object.entries(expected ?? {}).map(
    ([attribute, value]) => new EqualityFilter({ attribute, value: toLdap(value, typeOf(attribute)) as string }),
  );
  const unchanged = swaps.map(({ attr: attribute, from }) =>
    from === null
      ? new NotFilter({ filter: new PresenceFilter({ attribute }) })
      : new EqualityFilter({ attribute, value: toLdap(from, typeOf(attribute)) as string }),
  );
  return new AndFilter({ filters: [keyFilter(kind, key, typeOf), ...held, ...unchanged] });
}
