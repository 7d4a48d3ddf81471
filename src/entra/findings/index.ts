import type { Exchange, Observation, Quarantine } from "../report-data.ts";
import { bodyRules } from "./body-rules.ts";
import { connectionRules } from "./connection-rules.ts";
import type { Finding, Rule } from "./finding.ts";
import { listRules } from "./list-rules.ts";
import { observed } from "./observations.ts";
import { quarantines } from "./quarantines.ts";
import { resourceRules } from "./resource-rules.ts";
import { see } from "./seen.ts";
import { statusRules } from "./status-rules.ts";

/** The type of findings. */
export type { Finding, Severity } from "./finding.ts";

const exchangeRules = [...connectionRules, ...statusRules, ...bodyRules, ...listRules, ...resourceRules];

/** The ID of a finding, for reports and scripts that read them. IDs never change. */
export type FindingId =
  | (typeof exchangeRules)[number]["id"]
  | (typeof observed)[keyof typeof observed]["id"]
  | (typeof quarantines)[keyof typeof quarantines]["id"];

/** All findings, in the order of the documentation. */
export const findings: readonly Finding<FindingId>[] = [
  ...exchangeRules.map(({ applies: _, ...finding }) => finding),
  ...Object.values(observed),
  ...Object.values(quarantines),
];

const byId = new Map<string, Finding<FindingId>>(findings.map((each) => [each.id, each]));

/** A finding by ID; undefined for an ID of another version. */
export const findingOf = (id: string): Finding<FindingId> | undefined => byId.get(id);

/** The findings that a single exchange reveals. Never throws, whatever the response. */
export function judge(exchange: Exchange): readonly FindingId[] {
  const seen = see(exchange);
  const isOwn = exchange.purpose === "verify";
  return (exchangeRules as readonly Rule<FindingId>[])
    .filter((rule) => !(isOwn && isAboutTraffic.has(rule.id)) && rule.applies(seen))
    .map(({ id }) => id);
}

/** Not reported for the simulator's own requests, which Entra does not send: they may look for deleted resources. */
const isAboutTraffic: ReadonlySet<string> = new Set([...connectionRules, ...statusRules].map(({ id }) => id));

/** The finding for an observation of the engine. */
export const findingOfObservation = (kind: Observation["kind"]): FindingId => observed[kind].id;

/** The finding for a quarantine. */
export const findingOfQuarantine = (reason: Quarantine["reason"]): FindingId => quarantines[reason].id;
