import { BlockList, isIP } from "node:net";

/** A set of IPv4 and IPv6 networks. */
export interface Networks {
  readonly has: (address: string) => boolean;
}

/** Parses CIDR prefixes and single addresses. Throws `TypeError` for anything else. */
export function networksOf(prefixes: readonly string[]): Networks {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address = "", bits] = prefix.split("/");
    const version = isIP(address);
    const length = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
    if (version === 0 || !Number.isInteger(length) || length < 0 || length > (version === 4 ? 32 : 128) || bits === "")
      throw new TypeError(
        `${JSON.stringify(prefix)} is not a network: write 192.0.2.0/24, 2001:db8::/32 or an address`,
      );
    list.addSubnet(address, length, version === 4 ? "ipv4" : "ipv6");
  }
  return {
    has: (address) => {
      const plain = plainAddress(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

/** Converts an IPv4-mapped IPv6 address to IPv4 and removes the zone. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");

/** Reports whether an address is a loopback address. */
export const isLoopback = (address: string): boolean => /^127\.|^::1$/.test(plainAddress(address));

/**
 * The source of a request: the peer, or, if that is a trusted proxy, the last address in `X-Forwarded-For` that is not one. Anybody may
 * have written the addresses before it.
 */
export function sourceOf(peer: string, forwardedFor: string | undefined, trusted: Networks): string {
  let source = plainAddress(peer);
  const hops = (forwardedFor ?? "").split(",").map((each) => each.trim());
  while (trusted.has(source)) {
    const hop = hops.pop();
    if (hop === undefined) return source;
    const address = plainAddress(hop.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1"));
    if (isIP(address) === 0) return source;
    source = address;
  }
  return source;
}
