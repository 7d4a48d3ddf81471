import type { Attention, BreakerState, ConnectorHealth, SyncTrouble } from "../../src/console/api/overview.ts";
import { counted, listed } from "./words.ts";

/** Something that needs attention, in a sentence, and where it is dealt with. */
export interface Told {
  readonly text: string;
  readonly to: string;
  readonly isGrave: boolean;
}

const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const number = new Intl.NumberFormat("en-GB");
const named = (subject: string) => (subject === "" ? "" : ` (${subject.slice(0, 120)})`);
const isOver = (until: number) => until < Date.now();
const sentence = (reason: string) => (/[.!?]$/.test(reason) ? reason : `${reason}.`);

const time = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const since = (at: number) => `since ${time.format(at)}`;
const failed = (failures: number) => `${counted(failures, "call")} failed within the hour`;
const expires = (until: number) => `${isOver(until) ? "expired" : "expires"} on ${day.format(until)}`;
const inRuns = (count: number) => (count === 1 ? "in its last run" : `in its last ${number.format(count)} runs`);
const connectorPage = (name: string) => `/connectors/${encodeURIComponent(name)}`;
const syncPage = (name: string) => `/syncs/${encodeURIComponent(name)}`;

const SYNC: Readonly<Record<SyncTrouble, (count: number) => string>> = {
  held: (count) => `holds ${counted(count, "change")} until an operator releases ${count === 1 ? "it" : "them"}`,
  failed: (count) => `failed ${inRuns(count)}`,
  incomplete: (count) => `left ${counted(count, "change")} undone in its last run`,
  interrupted: (count) => `was interrupted ${inRuns(count)}`,
  overdue: () => "should have run and has not",
};

/** Puts into words what needs attention. */
export function told(item: Attention): Told {
  switch (item.what) {
    case "guard":
      return {
        text: `The change guard of ${item.route} has stopped ${counted(item.count, "change")} ${since(item.since)}, until an operator releases ${item.count === 1 ? "it" : "them"}, or until the hour’s limit has room again.`,
        to: "/guard",
        isGrave: true,
      };
    case "breaker":
      return {
        text: item.isListings
          ? `The circuit breaker for listings of ${item.connector} has been open ${since(item.since)}: lists fail, look-ups and writes work. ${failed(item.failures)}.`
          : `The circuit breaker of ${item.connector} has been open ${since(item.since)}: requests fail without asking the backend. ${failed(item.failures)}.`,
        to: connectorPage(item.connector),
        isGrave: true,
      };
    case "away":
      return {
        text: `${item.connector} has not served ${since(item.since)}, ${failed(item.failures)}: ${sentence(item.reason)}`,
        to: connectorPage(item.connector),
        isGrave: true,
      };
    case "certificate":
      return {
        text: `The certificate of ${item.setting}${named(item.subject)} ${expires(item.until)}.`,
        to: "/configuration",
        isGrave: isOver(item.until),
      };
    case "token":
      return {
        text: `The token in ${item.setting} ${expires(item.until)}.`,
        to: "/configuration",
        isGrave: isOver(item.until),
      };
    case "peer":
      return {
        text: `The certificate that ${item.address} showed to ${item.connector} on ${time.format(item.seen)}${named(item.subject)} ${expires(item.until)}. Renew it on that server.`,
        to: connectorPage(item.connector),
        isGrave: isOver(item.until),
      };
    case "sync":
      return {
        text: `The sync ${item.sync} ${SYNC[item.state](item.count)}, ${since(item.since)}.`,
        to: syncPage(item.sync),
        isGrave: item.state === "failed" || item.state === "held",
      };
    case "drift":
      return {
        text: `${counted(item.count, "difference")} from what the sync ${item.sync} had written ${item.count === 1 ? "was" : "were"} found on ${time.format(item.at)}.`,
        to: syncPage(item.sync),
        isGrave: false,
      };
    case "audit":
      return {
        text: `The audit log has not been writable ${since(item.since)}, so every write is refused: ${sentence(item.reason)}`,
        to: "/audit",
        isGrave: true,
      };
    case "journal":
      return {
        text: `The journal lost ${counted(item.count, "entry", "entries")} since the gateway started, the last on ${time.format(item.at)}: ${sentence(item.reason)}`,
        to: "/live",
        isGrave: false,
      };
    case "reload":
      return {
        text: `The last reload was refused on ${time.format(item.at)}, and the configuration before it stays in force. The next restart would fail or weaken safety.`,
        to: "/configuration",
        isGrave: true,
      };
    case "restart":
      return {
        text: `Changes of ${item.parts.join(", ")} in the configuration file have waited for a restart ${since(item.at)}.`,
        to: "/configuration",
        isGrave: false,
      };
    case "store":
      return {
        text: `The store has not answered ${since(item.since)}: writes that the change guard counts are refused, and syncs do not run.`,
        to: "/configuration",
        isGrave: true,
      };
  }
}

/** Texts of the overview. */
export const overviewTexts = {
  lead: (replica: string) => `Gateway ${replica}`,
  started: "started",
  shared: (replica: string) =>
    `Charts and connector states are those of this replica, ${replica}. Guard and syncs are shared by all replicas.`,
  attention: "What needs attention",
  calm: "Nothing needs you.",
  open: "Open",
  grave: "Now",
  notGrave: "Soon",
  health: "Connectors",
  noConnectors: "No connector is configured.",
  columns: { name: "Connector", state: "State", since: "Since", breaker: "Breaker", failure: "Last failure" },
  never: "none",
  requests: "Requests",
  route: "Route",
  allRoutes: "All routes",
  span: "Period",
  spans: { hour: "Last hour", day: "Last 24 hours" },
  charts: {
    rate: "Requests and failures per minute",
    latency: "Duration of requests",
    backend: "Where the time goes, on average",
  },
  series: {
    requests: "Requests",
    failures: "Failures",
    p50: "Median",
    p95: "95 %",
    p99: "99 %",
    gateway: "Gateway",
    backend: "Backend",
  },
  perMinute: "per minute",
  rateIs: "The first chart counts, at each point, the requests of the minute before it.",
  written: (syncs: readonly { readonly route: string; readonly sync: string }[]) =>
    `Syncs write without requests, so these charts leave them out: ${listed(syncs.map(({ route, sync }) => `${sync} to ${route}`))}.`,
  toSyncs: "See Syncs",
  time: "Time",
  table: "Show as a table",
  noRequests: "No request came in this period.",
  failuresAre: "Failures are answers from 400 up, except 404.",
  summary: (count: number, failures: number, peak: number, p95: string) =>
    `${counted(count, "request")}, ${number.format(failures)} failed, at most ${number.format(peak)} per minute, 95 % within ${p95}`,
} as const;

/** States of a connector, in words. */
export const stateTexts: Readonly<Record<ConnectorHealth["state"], string>> = {
  up: "Up",
  away: "Down",
  unknown: "Not asked yet",
};

/** States of a circuit breaker, in words. */
export const breakerTexts: Readonly<Record<BreakerState, string>> = {
  closed: "Closed",
  open: "Open",
  halfOpen: "Trying",
};
