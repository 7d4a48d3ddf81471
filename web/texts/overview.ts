import type { Attention, BreakerState, ConnectorHealth } from "../../src/console/api/overview.ts";

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

const SYNC = {
  held: "holds changes until an operator releases them.",
  failed: "failed in its last run.",
  incomplete: "left changes undone in its last run.",
  interrupted: "was interrupted in its last run.",
  overdue: "should have run by now and has not.",
} as const;

/** Puts into words what needs attention. */
export function told(item: Attention): Told {
  switch (item.what) {
    case "guard":
      return {
        text: `The change guard of ${item.route} is stopping changes until an operator releases them.`,
        to: "/guard",
        isGrave: true,
      };
    case "breaker":
      return {
        text: item.isListings
          ? `The circuit breaker for listings of ${item.connector} is open: lists fail, look-ups and writes work.`
          : `The circuit breaker of ${item.connector} is open: requests fail without asking the backend.`,
        to: `/connectors/${encodeURIComponent(item.connector)}`,
        isGrave: true,
      };
    case "away":
      return {
        text: `${item.connector} does not serve: ${sentence(item.reason)}`,
        to: `/connectors/${encodeURIComponent(item.connector)}`,
        isGrave: true,
      };
    case "certificate":
      return {
        text: `The certificate of ${item.setting}${named(item.subject)} ${isOver(item.until) ? "expired" : "expires"} on ${day.format(item.until)}.`,
        to: "/configuration",
        isGrave: isOver(item.until),
      };
    case "token":
      return {
        text: `The token in ${item.setting} ${isOver(item.until) ? "expired" : "expires"} on ${day.format(item.until)}.`,
        to: "/configuration",
        isGrave: isOver(item.until),
      };
    case "sync":
      return {
        text: `The sync ${item.sync} ${SYNC[item.state]}`,
        to: `/syncs/${encodeURIComponent(item.sync)}`,
        isGrave: item.state === "failed" || item.state === "held",
      };
    case "audit":
      return {
        text: `The audit log cannot be written, so every write is refused: ${sentence(item.reason)}`,
        to: "/audit",
        isGrave: true,
      };
    case "journal":
      return {
        text: `The journal lost ${number.format(item.count)} ${item.count === 1 ? "entry" : "entries"} since the gateway started: ${sentence(item.reason)}`,
        to: "/live",
        isGrave: false,
      };
    case "reload":
      return {
        text: "The configuration file was not taken over, and the next restart would fail or weaken safety.",
        to: "/configuration",
        isGrave: true,
      };
    case "restart":
      return {
        text: `Changes of ${item.parts.join(", ")} in the configuration file wait for a restart.`,
        to: "/configuration",
        isGrave: false,
      };
    case "store":
      return {
        text: "The store does not answer: writes that the change guard counts are refused, and syncs do not run.",
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
  time: "Time",
  table: "Show as a table",
  noRequests: "No request came in this period.",
  failuresAre: "Failures are answers from 400 up, except 404.",
  summary: (count: number, failures: number, p95: string) =>
    `${number.format(count)} ${count === 1 ? "request" : "requests"}, ${number.format(failures)} failed, 95 % within ${p95}`,
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
