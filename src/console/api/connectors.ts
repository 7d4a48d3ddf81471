import type { PeerCertificate, PoolState } from "../../connector/observation.ts";
import type { Total } from "../../observe/series.ts";
import type { BreakerState, ConnectorHealth } from "./overview.ts";

/** `GET /console/api/connectors`: each connector with its load, and its calls of the last hour. */
export interface ConnectorRow extends ConnectorHealth {
  readonly load: Load;
  readonly calls: Total;
}

/** How busy a connector is. */
export interface Load {
  readonly running: number;
  readonly waiting: number;
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

/** `GET /console/api/connectors/NAME`. */
export interface ConnectorDetails extends ConnectorRow {
  readonly kinds: readonly { readonly name: string; readonly key: string }[];
  readonly usedBy: readonly { readonly route: string; readonly type: string; readonly kind: string }[];
  /** The driver's connections, as far as it tells, and the certificates that the backend's servers showed. */
  readonly pools: readonly PoolState[];
  readonly peers: readonly PeerCertificate[];
  /** Calls of the last hour, by operation. */
  readonly operations: readonly (Total & { readonly operation: string })[];
  /** The last changes of both breakers, latest first. */
  readonly breakers: readonly { readonly at: number; readonly state: BreakerState; readonly isListings: boolean }[];
  readonly slow: readonly SlowCall[];
  /** From how many milliseconds a call is slow. */
  readonly slowMs: number;
  /** The last time that somebody looked, if it was lately. */
  readonly found: Found | undefined;
}

/** A slow call of a connector. Values are hidden. */
export interface SlowCall {
  /** When it ended, in milliseconds since 1970. */
  readonly at: number;
  readonly operation: string;
  readonly kind: string;
  readonly ms: number;
  /** `ok`, or the kind of failure. */
  readonly result: string;
  /** What was asked of the backend, in its own words. */
  readonly native?: string;
}

/** `POST /console/api/connectors/NAME/probe`: what the backend says. */
export interface Probed {
  readonly at: number;
  readonly ms: number;
  readonly isThere: boolean;
  readonly says: string;
}

/** `POST /console/api/connectors/NAME/check`: what the backend has, and what the gateway's account may do. */
export interface Found extends Probed {
  readonly findings: readonly { readonly state: "ok" | "missing" | "slow" | "unknown"; readonly text: string }[];
}
