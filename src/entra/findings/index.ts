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

/** What findings are. */
export type { Finding, Severity } from "./finding.ts";

const exchangeRules = [...connectionRules, ...statusRules, ...bodyRules, ...listRules, ...resourceRules];

/** The id of a finding, for reports and for scripts that read them: ids do not change. */
export type FindingId =
  | (typeof exchangeRules)[number]["id"]
  | (typeof observed)[keyof typeof observed]["id"]
  | (typeof quarantines)[keyof typeof quarantines]["id"];

/** All findings there are, in the order of the documentation. */
export const findings: readonly Finding<FindingId>[] = [
  ...exchangeRules.map(({ applies: _, ...finding }) => finding),
  ...Object.values(observed),
  ...Object.values(quarantines),
];

const byId = new Map<string, Finding<FindingId>>(findings.map((each) => [each.id, each]));

/** A finding by its id; undefined for an id of another version. */
export const findingOf = (id: string): Finding<FindingId> | undefined => byId.get(id);

/** What a single exchange shows about the endpoint; nothing where all is well. Never throws, whatever was answered. */
export function judge(exchange: Exchange): readonly FindingId[] {
  const seen = see(exchange);
  const isOwn = exchange.purpose === "verify";
  return (exchangeRules as readonly Rule<FindingId>[])
    .filter((rule) => !(isOwn && isAboutTraffic.has(rule.id)) && rule.applies(seen))
    .map(({ id }) => id);
}

/** Not found in requests of the simulator's own, which Entra does not send: they may look for what is to be gone. */
const isAboutTraffic: ReadonlySet<string> = new Set([...connectionRules, ...statusRules].map(({ id }) => id));

/** The finding that an observation of the engine is. */
export const findingOfObservation = (kind: Observation["kind"]): FindingId => observed[kind].id;

/** The finding that a quarantine is. */
export const findingOfQuarantine = (reason: Quarantine["reason"]): FindingId => quarantines[reason].id;
