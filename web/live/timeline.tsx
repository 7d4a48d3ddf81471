import type { JournalEntry, LiveEntry } from "../../src/console/api/live.ts";
import { Badge } from "../kit/badge.tsx";
import { Code } from "../kit/code.tsx";
import { duration } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { requestTexts } from "../texts/live.ts";

interface TimelineProps {
  readonly steps: JournalEntry["steps"];
  /** Where the connectors of failed steps ask. */
  readonly servers: LiveEntry["servers"];
  /** How long all of it took, in milliseconds. */
  readonly ms: number;
}

/** Narrowest bar, in percent: a short step must be seen. */
const MIN_BAR = 0.75;

/** The steps of a request, with bars for when they began and how long they took. */
export function Timeline({ steps, ms, servers }: TimelineProps) {
  const whole = Math.max(ms, ...steps.map(({ at, ms: took = 0 }) => at + took), 0.01);
  return (
    <ol class="steps">
      {steps.map(({ step, at, ms: took, text, native, connector, failure }, index) => {
        const width = Math.max(MIN_BAR, (100 * (took ?? 0)) / whole);
        const left = Math.min(100 - width, (100 * at) / whole);
        const name = requestTexts.stepNames[step];
        return (
          <li key={index} class={failure === undefined ? "" : "failed"}>
            <div class="step">
              <strong>
                {name}
                {failure !== undefined && (
                  <>
                    {" "}
                    <Badge tone="bad">{requestTexts.failed}</Badge>
                  </>
                )}
              </strong>
              <span class="quiet number">
                {requestTexts.after(duration(at))}
                {took !== undefined && `, ${requestTexts.took(duration(took))}`}
              </span>
            </div>
            <div class="track" aria-hidden="true">
              <div class={took === undefined ? "mark-at" : "bar"} style={{ left: `${left}%`, width: `${width}%` }} />
            </div>
            <p>{text}</p>
            {failure !== undefined && connector !== undefined && (
              <p>
                {requestTexts.server} <Link to={`/connectors/${encodeURIComponent(connector)}`}>{connector}</Link>
                {serverText(servers[connector])}. <strong>{requestTexts.toDo}</strong> {requestTexts.advice[failure]}
              </p>
            )}
            {native !== undefined && <Code text={native} label={requestTexts.native(name)} />}
          </li>
        );
      })}
    </ol>
  );
}

/** What a connector is and where it asks, as the configuration says it now. */
const serverText = (server: LiveEntry["servers"][string] | undefined): string =>
  server ? ` (${[server.type, server.address].filter(Boolean).join(", ")})` : "";
