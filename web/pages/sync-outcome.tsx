import { Badge, type Tone } from "../kit/badge.tsx";
import { syncsTexts as texts } from "../texts/syncs.ts";

const TONES: Readonly<Record<string, Tone>> = {
  running: "info",
  done: "good",
  incomplete: "warn",
  planned: "info",
  held: "warn",
  failed: "bad",
  interrupted: "bad",
};

/** The outcome of a run in a word. */
export const Outcome = ({ outcome }: { readonly outcome: string }) => (
  <Badge tone={TONES[outcome] ?? "plain"}>{texts.outcomes[outcome] ?? outcome}</Badge>
);
