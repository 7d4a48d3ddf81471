import { BlockList, isIP } from "node:net";

/** A set of networks, IPv4 and IPv6. */
export interface Networks {
  readonly has: (address: string) => boolean;
}

/** Networks by their CIDR prefixes, or single addresses. Throws `TypeError` for what is neither. */
export function networksOf(prefixes: readonly string[]): Networks {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address = "", bits] = prefix.split("/");
    const version = isIP(address);
    const length = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
    if (version === 0 || !Number.isInteger(length) || length < 0 || length > (version === 4 ? 32 : 128) || bits === "")
      throw new TypeError(`${JSON.stringify(prefix)} is no network: write 192.0.2.0/24, 2001:db8::/32 or an address`);
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

/** An IPv4 address that a socket for both versions shows as an IPv6 one, as what it is; without a zone. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");

/** Whether an address is this machine's own. */
export const isLoopback = (address: string): boolean => /^127\.|^::1$/.test(plainAddress(address));

/**
 * Where a request comes from: the peer, or, where that is a proxy that is believed, the nearest address of
 * `X-Forwarded-For` that is not one. What is further left anybody may have written.
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
