import { ConnectorError } from "../../src/connector/error.ts";
import { escapeDnValue } from "../../src/connector/kit/text.ts";
import { UNDO_MS, withName } from "../ldap/changes.ts";
import { write } from "../ldap/directory.ts";
import { firstRdn } from "../ldap/dn.ts";
import { resultCode } from "../ldap/errors.ts";
import { addressOf } from "../ldap/formats.ts";
import { CONTAINER } from "./dialect.ts";
import { type Domain, type DomainKind, entryAt } from "./domain.ts";

/** Where an entry is to be: its RDN, its container, and whether it is the name that was asked for. */
export interface Place {
  readonly rdn: string;
  readonly container: string;
  readonly isNamed: boolean;
}

/** Names in a container are tried with a number up to this one. */
const MAX_NAMESAKES = 20;

/** Renames and moves an entry in one step. Gives what takes that back, with the failure that made it necessary. */
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
      throw new ConnectorError("invalid", `The container ${container} is not there. ${(failure as Error).message}`, {
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
        `The entry is now ${rdn},${container}, but its other changes were not made, and it could not be put back: ${(failure as Error).message}`,
        { cause: error },
      );
    }
  };
}

/**
 * Gives an entry another place. Where another one has its name there it gets a number behind it, unless the name itself was asked
 * for.
 */
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

/** A name with room for a number behind it. */
const shortened = (name: string): string => [...name].slice(0, 58).join("").trimEnd();
