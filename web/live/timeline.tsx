import type { JournalEntry } from "../../src/console/api/live.ts";
import { Code } from "../kit/code.tsx";
import { duration } from "../kit/time.tsx";
import { requestTexts } from "../texts/live.ts";

interface TimelineProps {
  readonly steps: JournalEntry["steps"];
  /** How long all of it took, in milliseconds. */
  readonly ms: number;
}

/** Narrowest bar, in percent: a short step must be seen. */
const MIN_BAR = 0.75;

/** The steps of a request, with bars for when they began and how long they took. */
export function Timeline({ steps, ms }: TimelineProps) {
  const whole = Math.max(ms, ...steps.map(({ at, ms: took = 0 }) => at + took), 0.01);
  return (
    <ol class="steps">
      {steps.map(({ step, at, ms: took, text, native }, index) => {
        const width = Math.max(MIN_BAR, (100 * (took ?? 0)) / whole);
        const left = Math.min(100 - width, (100 * at) / whole);
        const name = requestTexts.stepNames[step];
        return (
          <li key={index}>
            <div class="step">
              <strong>{name}</strong>
              <span class="quiet number">
                {requestTexts.after(duration(at))}
                {took !== undefined && `, ${requestTexts.took(duration(took))}`}
              </span>
            </div>
            <div class="track" aria-hidden="true">
              <div class={took === undefined ? "mark-at" : "bar"} style={{ left: `${left}%`, width: `${width}%` }} />
            </div>
            <p>{text}</p>
            {native !== undefined && <Code text={native} label={requestTexts.native(name)} />}
          </li>
        );
      })}
    </ol>
  );
}
