import type { SrvRecord } from "node:dns";
import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { ConnectorError } from "../../src/connector/error.ts";

/** Where the names of a domain are asked for: the system's name servers, or those that the configuration names. */
export interface Names {
  readonly resolveSrv: (name: string) => Promise<SrvRecord[]>;
  /** How a host's name becomes its address, for sockets; the system's way without it. */
  readonly lookup: LookupFunction | undefined;
}

/** Asks name servers for the names of a domain; the system's where none is named. */
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
 * The domain controllers of a domain, by the SRV records that they register, in the order of RFC 2782: by priority, and
 * within one the heavier ones first. Rejects with `unavailable` where there are none.
 */
export async function findControllers(domain: string, startTls: boolean, names: Names): Promise<string[]> {
  const name = `_ldap._tcp.dc._msdcs.${domain}`;
  let records: SrvRecord[];
  try {
    records = await names.resolveSrv(name);
  } catch (error) {
    throw new ConnectorError(
      "unavailable",
      `The domain controllers of ${domain} cannot be found: no SRV record ${name} (${(error as NodeJS.ErrnoException).code ?? error}). Are the name servers those of the domain?`,
      { cause: error },
    );
  }
  const ordered = [...records].sort((a, b) => a.priority - b.priority || b.weight - a.weight);
  // The records tell the port of LDAP; LDAPS is beside it, at its own.
  return ordered.map((record) => (startTls ? `ldap://${record.name}:${record.port}` : `ldaps://${record.name}`));
}
