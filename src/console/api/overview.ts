import type { Points } from "../../observe/series.ts";

/** A connector's health. Times are in milliseconds since 1970. */
export interface ConnectorHealth {
  readonly name: string;
  readonly type: string;
  /** Where its backend is. */
  readonly address: string | undefined;
  readonly state: "up" | "away" | "unknown";
  readonly since: number | undefined;
  /** The last failure to reach it since the gateway started. */
  readonly failure: { readonly at: number; readonly reason: string } | undefined;
  readonly breaker: BreakerState;
  /** The breaker of listings, which have one of their own. */
  readonly listings: BreakerState;
}

/** A circuit breaker's state. */
export type BreakerState = "closed" | "open" | "halfOpen";

/** Something that an operator should look at. Times are in milliseconds since 1970; `failures` are calls of the last hour. */
export type Attention =
  | { readonly what: "guard"; readonly route: string; readonly count: number; readonly since: number }
  | {
      readonly what: "breaker";
      readonly connector: string;
      readonly isListings: boolean;
      readonly failures: number;
      readonly since: number;
    }
  | {
      readonly what: "away";
      readonly connector: string;
      readonly failures: number;
      readonly since: number;
      readonly reason: string;
    }
  | { readonly what: "certificate"; readonly setting: string; readonly subject: string; readonly until: number }
  | { readonly what: "token"; readonly setting: string; readonly until: number }
  /** The certificate that a backend showed. */
  | {
      readonly what: "peer";
      readonly connector: string;
      readonly address: string;
      readonly subject: string;
      /** When it was shown last: a connection that stays open shows it once. */
      readonly seen: number;
      readonly until: number;
    }
  /** `count` is of held changes, of changes left undone, or of runs in succession that ended so; 0 if the sync is overdue. */
  | {
      readonly what: "sync";
      readonly sync: string;
      readonly state: SyncTrouble;
      readonly count: number;
      readonly since: number;
    }
  /** What operators found when they last looked for drift. */
  | { readonly what: "drift"; readonly sync: string; readonly count: number; readonly at: number }
  | { readonly what: "audit"; readonly since: number; readonly reason: string }
  | { readonly what: "journal"; readonly count: number; readonly at: number; readonly reason: string }
  | { readonly what: "reload"; readonly at: number; readonly reason: string }
  | { readonly what: "restart"; readonly parts: readonly string[]; readonly at: number }
  | { readonly what: "store"; readonly since: number };

/** Why a sync needs attention. */
export type SyncTrouble = "held" | "failed" | "incomplete" | "interrupted" | "overdue";

/** `GET /console/api/overview`. */
export interface Overview {
  /** The host of the gateway that answers. */
  readonly replica: string;
  /** Whether other gateways may share its store. */
  readonly isShared: boolean;
  /** When it started, in milliseconds since 1970. */
  readonly started: number;
  readonly connectors: readonly ConnectorHealth[];
  readonly attention: readonly Attention[];
  /** The routes that requests may come for, and others that they came for. */
  readonly routes: readonly string[];
  /** The routes that syncs write to. Their writes are no requests. */
  readonly written: readonly { readonly route: string; readonly sync: string }[];
}

/** How far back charts go. */
export type Span = "hour" | "day";

/** `GET /console/api/overview/series`: requests by time. */
export type RequestSeries = Points;
