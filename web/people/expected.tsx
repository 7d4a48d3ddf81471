import type { ComponentChildren } from "preact";
import type { Expectation, HistoryLine } from "../../src/console/api/people.ts";
import { Panel } from "../kit/page.tsx";
import { Ago } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { expectedTexts as texts } from "../texts/people.ts";
import { Answer } from "./history.tsx";

const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const time = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

const ENTRA_CYCLE_MS = 40 * 60_000;

/** A time between two cycles: `40 minutes`, `30 seconds`. */
const paceOf = (ms: number): string => {
  const [size, unit] = ms < 120_000 ? [1000, "second"] : [60_000, "minute"];
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "long" }).format(Math.round(ms / size));
};

/** What Entra is expected to do next with a resource, each with the facts that it follows from. */
export function ExpectedPanel({
  expected,
  cycleMs,
}: {
  readonly expected: readonly Expectation[];
  readonly cycleMs: number;
}) {
  return (
    <Panel title={texts.title}>
      {expected.length === 0 ? (
        <p class="quiet">{texts.unknown}</p>
      ) : (
        <>
          <ul class="expected">
            {expected.map((each) => (
              <li key={each.is}>
                <Expected of={each} every={paceOf(cycleMs)} />
              </li>
            ))}
          </ul>
          <p class="quiet">
            {texts.about} {cycleMs !== ENTRA_CYCLE_MS && texts.otherPace(paceOf(cycleMs))}
          </p>
        </>
      )}
    </Panel>
  );
}

function Expected({ of, every }: { readonly of: Expectation; readonly every: string }) {
  switch (of.is) {
    case "retry": {
      const { why, state, failures, isAtLeast, last, next, givenUp } = of;
      return (
        <Because title={texts.retry.title[state](time.format(next))}>
          <Request told={texts.retry.last} line={last} />
          <li>{why === "later" ? texts.retry.later(every) : texts.retry[why]}</li>
          {state === "late" && <li>{texts.retry.isLate}</li>}
          <li>
            {texts.retry.failures(failures, isAtLeast)} {state !== "over" && texts.retry.givenUp(date.format(givenUp))}
          </li>
        </Because>
      );
    }
    case "stopped":
      return (
        <Because title={texts.stopped.title(of.danger, time.format(of.next))}>
          <li>
            {texts.stopped.since} <Ago at={of.since} />. {texts.stopped.tried(of.caller)} <Ago at={of.at} />.
          </li>
          {of.last && <Request told={texts.stopped.last} line={of.last} />}
          <li>{texts.stopped.rule}</li>
          <li>{texts.stopped.entra(every)}</li>
          <li>
            <Link to="/guard">{texts.stopped.act}</Link>
          </li>
        </Because>
      );
    case "released":
      return (
        <Because title={texts.released.title(of.danger)}>
          <li>
            {texts.released.by(of.by, of.reason)} <Ago at={of.at} />.
          </li>
          <li>{texts.released.until(time.format(of.until))}</li>
          <li>
            <Link to="/guard">{texts.released.see}</Link>
          </li>
        </Because>
      );
    case "disabled":
      return (
        <Because title={texts.disabled.title(of.due === undefined ? undefined : date.format(of.due))}>
          {of.by ? <Request told={texts.disabled.by} line={of.by} /> : <li>{texts.disabled.byNobody}</li>}
          <li>{texts.disabled.other}</li>
        </Because>
      );
    case "gone":
      return of.by ? (
        <Because title={texts.gone.titleDeleted}>
          <Request told={texts.gone.by} line={of.by} />
        </Because>
      ) : (
        <Because title={texts.gone.titleLost}>
          <li>{texts.gone.lost}</li>
        </Because>
      );
    case "settled":
      return (
        <Because title={texts.settled.title(every)}>
          <Request told={texts.settled.last} line={of.last} />
          <li>{texts.settled.rule}</li>
        </Because>
      );
    case "changedElsewhere":
      return (
        <Because title={texts.changedElsewhere.title}>
          <li>
            {texts.changedElsewhere.by} <Ago at={of.at} />.
          </li>
          <Request told={texts.changedElsewhere.after} line={of.last} />
          <li>{texts.changedElsewhere.rule}</li>
        </Because>
      );
    case "untold":
      return (
        <Because title={texts.untold.title}>
          <li>{texts.untold.rule}</li>
        </Because>
      );
  }
}

const Because = ({ title, children }: { readonly title: string; readonly children: ComponentChildren }) => (
  <>
    <h3>{title}</h3>
    <ul aria-label={texts.because}>{children}</ul>
  </>
);

/** A request as a fact. */
const Request = ({ told, line }: { readonly told: string; readonly line: HistoryLine }) => (
  <li>
    {told} <Ago at={line.at} /> <Answer line={line} />{" "}
    <Link to={`/live/${encodeURIComponent(line.id)}`}>{line.sentence}</Link>
  </li>
);
