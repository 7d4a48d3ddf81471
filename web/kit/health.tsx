import type { BreakerState, ConnectorHealth } from "../../src/console/api/overview.ts";
import { breakerTexts, stateTexts } from "../texts/overview.ts";
import { Badge } from "./badge.tsx";

const STATE_TONES = { up: "good", away: "bad", unknown: "plain" } as const;
const BREAKER_TONES = { closed: "plain", halfOpen: "warn", open: "bad" } as const;

/** Whether a connector serves. */
export const StateBadge = ({ state }: Pick<ConnectorHealth, "state">) => (
  <Badge tone={STATE_TONES[state]}>{stateTexts[state]}</Badge>
);

/** The graver of the states of a connector's two breakers. */
export function BreakerBadge({ health: { breaker, listings } }: { readonly health: ConnectorHealth }) {
  const order: readonly BreakerState[] = ["closed", "halfOpen", "open"];
  const state = order.indexOf(listings) > order.indexOf(breaker) ? listings : breaker;
  return <Badge tone={BREAKER_TONES[state]}>{breakerTexts[state]}</Badge>;
}
