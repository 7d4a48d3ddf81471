import { type FindingId, findingOf, findingOfObservation, findingOfQuarantine } from "../findings/index.ts";
import type { Exchange, Observation, Purpose, Quarantine } from "../report-data.ts";
import type { Found, KeptExchange, KeptObservation, ReportData } from "./data.ts";
import { keepExchange, keepObservation } from "./kept.ts";

/** Maximum number of distinct kinds and attributes of observations; further ones are counted without the attribute. */
const ATTRIBUTES = 200;
const EXAMPLES = 3;

interface FoundState {
  readonly id: FindingId;
  count: number;
  firstAt?: number;
  lastAt?: number;
  readonly purposes: Partial<Record<Purpose, number>>;
  example?: KeptExchange;
}

interface ObservedState {
  readonly kind: Observation["kind"];
  readonly attribute?: string;
  count: number;
  readonly examples: KeptObservation[];
}

/** Findings so far, by ID. Plain data. */
export interface FoundSoFar {
  readonly findings: Record<string, FoundState>;
  readonly observations: Record<string, ObservedState>;
  readonly quarantines: Partial<Record<Quarantine["reason"], { count: number; last: Quarantine }>>;
}

/** Nothing found yet. */
export const nothingFound = (): FoundSoFar => ({ findings: {}, observations: {}, quarantines: {} });

function count({ findings }: FoundSoFar, id: FindingId, at?: number): FoundState {
  findings[id] ??= { id, count: 0, purposes: {} };
  const found = findings[id];
  found.count++;
  if (at !== undefined) {
    found.firstAt ??= at;
    found.lastAt = at;
  }
  return found;
}

/** Counts the findings of an exchange. */
export function addFindings(found: FoundSoFar, ids: readonly FindingId[], exchange: Exchange): void {
  for (const id of ids) {
    const each = count(found, id, exchange.at);
    each.purposes[exchange.purpose] = (each.purposes[exchange.purpose] ?? 0) + 1;
    each.example ??= keepExchange(exchange);
  }
}

/** Counts an observation and its finding. */
export function addObservation(found: FoundSoFar, observation: Observation): void {
  const { kind, exchange } = observation;
  const finding = count(found, findingOfObservation(kind), exchange?.at);
  if (exchange) finding.example ??= keepExchange(exchange);
  const { observations } = found;
  const whole = `${kind} ${observation.attribute ?? ""}`;
  const isTold = whole in observations || Object.keys(observations).length < ATTRIBUTES;
  const attribute = isTold ? observation.attribute : undefined;
  const key = isTold ? whole : `${kind} `;
  observations[key] ??= { kind, ...(attribute !== undefined && { attribute }), count: 0, examples: [] };
  const each = observations[key];
  each.count++;
  if (each.examples.length < EXAMPLES) each.examples.push(keepObservation(observation));
}

/** Counts the start of a quarantine. A continuing one is the same. */
export function addQuarantine(found: FoundSoFar, quarantine: Quarantine): void {
  const before = found.quarantines[quarantine.reason];
  const isNew = before?.last.seriesBegan !== quarantine.seriesBegan;
  if (isNew) count(found, findingOfQuarantine(quarantine.reason), quarantine.seriesBegan);
  found.quarantines[quarantine.reason] = { count: (before?.count ?? 0) + (isNew ? 1 : 0), last: quarantine };
}

const SEVERITIES = ["fault", "warning", "note"];
const rankOf = ({ id }: Found): number => SEVERITIES.indexOf(findingOf(id)?.severity ?? "note");

/** The report's findings: faults first, then by frequency. IDs of other versions are omitted. */
export function foundOf({
  findings,
  observations,
  quarantines,
}: FoundSoFar): Pick<ReportData, "findings" | "observations" | "quarantines"> {
  return {
    findings: Object.values(findings)
      .filter(({ id }) => findingOf(id))
      .sort((a, b) => rankOf(a) - rankOf(b) || b.count - a.count || a.id.localeCompare(b.id)),
    observations: Object.values(observations).sort((a, b) => b.count - a.count),
    quarantines: Object.entries(quarantines).map(([reason, each]) => ({
      reason: reason as Quarantine["reason"],
      ...each,
    })),
  };
}
