import { ConnectorError } from "../../src/connector/error.ts";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { UNDO_MS, withName } from "../ldap/changes.ts";
import { write } from "../ldap/directory.ts";
import { firstRdn } from "../ldap/dn.ts";
import { resultCode } from "../ldap/errors.ts";
import { addressOf } from "../ldap/formats.ts";
import { CONTAINER } from "./dialect.ts";
import { type Domain, type DomainKind, entryAt } from "./domain.ts";

/** The target of a move or rename: RDN, container, and whether the client chose the name. */
export interface Place {
  readonly rdn: string;
  readonly container: string;
  readonly isNamed: boolean;
}

/** Up to this number is appended to make a name unique in its container. */
const MAX_NAMESAKES = 20;

/** Renames and moves an entry in one step. Returns a function that undoes it, given the failure that made this necessary. */
async function move(
  domain: Domain,
  kind: DomainKind,
  key: string,
  dn: string,
  { rdn, container }: { readonly rdn: string; readonly container: string },
  signal: AbortSignal,
): Promise<(failure: unknown) => Promise<unknown>> {
  try {
    await write(domain.pool, signal, (client) => client.modifyDN(addressOf(key), `${rdn},${container}`));
  } catch (error) {
    const failure = domain.failure(error);
    const isClash = failure instanceof ConnectorError && failure.kind === "conflict";
    if (
      resultCode(error) !== undefined &&
      !isClash &&
      !(await entryAt(domain, { base: container, attrs: ["1.1"] }, signal))
    )
      throw new ConnectorError("invalid", `The container ${container} does not exist. ${(failure as Error).message}`, {
        attr: CONTAINER,
        cause: error,
      });
    throw withName(failure, kind, firstRdn(rdn)?.value ?? rdn);
  }
  return async (failure) => {
    try {
      await write(domain.pool, AbortSignal.timeout(UNDO_MS), (client) => client.modifyDN(addressOf(key), dn));
      return failure;
    } catch (error) {
      return new ConnectorError(
        "unavailable",
        `The entry is now ${rdn},${container}, but its other changes were refused, and it could not be moved back: ${(failure as Error).message}`,
        { cause: error },
      );
    }
  };
}

/** Moves an entry. If its name is taken there, a number is appended, unless the client chose the name. */
export async function moveTo(
  domain: Domain,
  kind: DomainKind,
  key: string,
  dn: string,
  { rdn: first, container, isNamed }: Place,
  signal: AbortSignal,
): Promise<(failure: unknown) => Promise<unknown>> {
  const { value = "" } = firstRdn(first) ?? {};
  for (let number = 1; ; number++) {
    const rdn = number === 1 ? first : `${kind.rdn}=${escapeDnValue(`${shortened(value)} (${number})`)}`;
    try {
      return await move(domain, kind, key, dn, { rdn, container }, signal);
    } catch (error) {
      const isTaken = error instanceof ConnectorError && error.kind === "conflict";
      if (isNamed || number === MAX_NAMESAKES || !isTaken) throw error;
    }
  }
}

/** A name shortened to leave room for a number. */
const shortened = (name: string): string => [...name].slice(0, 58).join("").trimEnd();
