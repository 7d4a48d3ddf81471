import { TLSSocket } from "node:tls";
import { LRUCache } from "lru-cache";
import type { Observation, PeerCertificate, PoolState } from "../observation.ts";

/** Collects what a connector tells of its connections, for `observe`. Its memory is bounded. */
export interface Observer {
  /** Adds pools. They are counted each time that somebody looks. */
  readonly pools: (count: () => readonly PoolState[]) => void;
  /** Notes the certificate at the other end of a TLS socket whose handshake succeeded. Any other socket has none. */
  readonly connected: (address: string, socket: unknown) => void;
  readonly observe: () => Observation;
}

const MAX_PEERS = 50;
/** How long a name in a certificate may be, in characters. */
const MAX_NAME = 500;

/** An observer that knows nothing yet. */
export function createObserver(): Observer {
  const counts: (() => readonly PoolState[])[] = [];
  const peers = new LRUCache<string, PeerCertificate>({ max: MAX_PEERS });
  return {
    pools: (count) => counts.push(count),
    connected: (address, socket) => {
      // A resumed session may have none: what was noted before stays.
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      if (!certificate) return;
      const { subject, issuer, validToDate } = certificate;
      const names = { subject: nameOf(subject), issuer: nameOf(issuer) };
      peers.set(address, { address, ...names, until: validToDate.getTime(), seen: Date.now() });
    },
    observe: () => ({
      pools: counts.flatMap((count) => count()),
      peers: [...peers.values()].toSorted((one, other) => one.until - other.until),
    }),
  };
}

/** A distinguished name in one line. Some certificates have none. */
const nameOf = (name: string | undefined): string => (name ?? "").replaceAll("\n", ", ").slice(0, MAX_NAME);
