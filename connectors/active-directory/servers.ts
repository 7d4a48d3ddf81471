import type { SrvRecord } from "node:dns";
import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { ConnectorError } from "../../src/connector/error.ts";

/** Resolves the names of a domain: by the system's name servers, or configured ones. */
export interface Names {
  readonly resolveSrv: (name: string) => Promise<SrvRecord[]>;
  /** Resolves host names for sockets; undefined for the system's resolver. */
  readonly lookup: LookupFunction | undefined;
}

/** Resolves names by the given name servers, or by the system's. */
export function createNames(nameServers: readonly string[] | undefined): Names {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  if (!nameServers) return { resolveSrv: (name) => resolver.resolveSrv(name), lookup: undefined };
  resolver.setServers([...nameServers]);
  const addressesOf = async (host: string) => {
    if (isIP(host) !== 0) return [{ address: host, family: isIP(host) }];
    const v4 = await resolver.resolve4(host).catch(() => []);
    if (v4.length > 0) return v4.map((address) => ({ address, family: 4 }));
    return (await resolver.resolve6(host)).map((address) => ({ address, family: 6 }));
  };
  return {
    resolveSrv: (name) => resolver.resolveSrv(name),
    lookup: (host, options, callback) => {
      addressesOf(host).then(
        (found) => (options.all ? callback(null, found) : callback(null, found[0]!.address, found[0]!.family)),
        (error) => callback(error, ""),
      );
    },
  };
}

/**
 * Finds a domain's controllers by their SRV records, in the order of RFC 2782: by priority, then by weight. Rejects with `unavailable` if
 * there are none.
 */
export async function findControllers(domain: string, startTls: boolean, names: Names): Promise<string[]> {
  const name = `_ldap._tcp.dc._msdcs.${domain}`;
  let records: SrvRecord[];
  try {
    records = await names.resolveSrv(name);
  } catch (error) {
    throw new ConnectorError(
      "unavailable",
      `The domain controllers of ${domain} cannot be found: no SRV record ${name} (${(error as NodeJS.ErrnoException).code ?? error}). Check that the name servers are the domain's (nameServers).`,
      { cause: error },
    );
  }
  const ordered = [...records].sort((a, b) => a.priority - b.priority || b.weight - a.weight);
  // The records contain LDAP's port; LDAPS has a port of its own.
  return ordered.map((record) => (startTls ? `ldap://${record.name}:${record.port}` : `ldaps://${record.name}`));
}
