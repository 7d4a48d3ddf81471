import type { ComponentChildren } from "preact";

/** How a badge is coloured. Colour is never all that tells: the text does. */
export type Tone = "good" | "bad" | "warn" | "info" | "plain";

/** A short word on a state. */
export const Badge = ({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
);
