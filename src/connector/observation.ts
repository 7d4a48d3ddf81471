/** How many connections a pool has. */
export interface PoolCounts {
  readonly open: number;
  /** How many of them have nothing to do. */
  readonly idle: number;
  /** How many calls wait for one. */
  readonly waiting: number;
  /** How many there may be; undefined without a limit. */
  readonly limit?: number;
}

/** A driver's pool of connections. */
export interface PoolState extends PoolCounts {
  /** The server that it leads to, or what it is for. */
  readonly name: string;
}

/** The certificate that a backend showed in the last handshake with it. Times are in milliseconds since 1970. */
export interface PeerCertificate {
  readonly address: string;
  readonly subject: string;
  readonly issuer: string;
  /** When it expires. */
  readonly until: number;
  /** When the handshake was. */
  readonly seen: number;
}

/** What a connector knows of its connections. */
export interface Observation {
  readonly pools: readonly PoolState[];
  readonly peers: readonly PeerCertificate[];
}
