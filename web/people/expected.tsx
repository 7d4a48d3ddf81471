import type { ComponentChildren } from "preact";
import type { Pace } from "../../src/console/api/pace.ts";
import type { Client, Expectation, HistoryLine, PersonPage } from "../../src/console/api/people.ts";
import { Panel } from "../kit/page.tsx";
import { Ago } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { expectedTexts as texts } from "../texts/people.ts";
import { Answer } from "./history.tsx";

const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const time = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

const ENTRA_CYCLE_MS = 40 * 60_000;
const DAY_MS = 24 * 3_600_000;

interface ExpectedPanelProps {
  readonly page: Pick<PersonPage, "expected" | "client" | "pace" | "now" | "told">;
}

/** What is expected to be done next with a resource, each with the facts that it follows from. */
export function ExpectedPanel({ page }: ExpectedPanelProps) {
  const { expected, client, pace } = page;
  const isOtherPace = pace.cycleMs !== ENTRA_CYCLE_MS;
  return (
    <Panel title={texts.title(client)}>
      {expected.length === 0 ? (
        <p class="quiet">{texts.unknown[missingOf(page)]}</p>
      ) : (
        <ul class="expected">
          {expected.map((each, index) => (
            <li key={index}>
              <Expected of={each} pace={pace} client={client} />
            </li>
          ))}
        </ul>
      )}
      {expected.length > 0 && client.is === "entra" && (
        <p class="quiet">
          {texts.about} {isOtherPace && texts.otherPace(pace)}
        </p>
      )}
      {expected.some(({ is }) => is === "sync") && client.is === "sync" && <p class="quiet">{texts.aboutSync}</p>}
    </Panel>
  );
}

/** What would have to be known to say something. */
function missingOf({ now, told }: ExpectedPanelProps["page"]): keyof typeof texts.unknown {
  if (now.is === "unknown") return told.is === "kept" ? "backend" : "both";
  return told.is === "kept" ? "none" : "journal";
}

interface ExpectedProps {
  readonly of: Expectation;
  readonly pace: Pace;
  readonly client: Client;
}

function Expected({ of, pace, client }: ExpectedProps) {
  switch (of.is) {
    case "retry": {
      const { why, state, failures, isAtLeast, last, next, givenUp } = of;
      // A day says nothing of a client that gives up within one.
      const stops = (pace.givenUpAfterMs < 2 * DAY_MS ? time : date).format(givenUp);
      return (
        <Because title={texts.retry.title[state](time.format(next), pace)}>
          <Request told={texts.retry.last} line={last} />
          <li>{texts.retry[why](pace)}</li>
          {state === "late" && <li>{texts.retry.isLate}</li>}
          <li>
            {texts.retry.failures(failures, isAtLeast)} {state !== "over" && texts.retry.givenUp(stops, pace)}
          </li>
          {why === "guard" && (
            <li>
              <Link to="/guard">{texts.retry.toGuard}</Link>
            </li>
          )}
        </Because>
      );
    }
    case "stopped":
      return (
        <Because
          title={texts.stopped.title(of.danger, of.next === undefined ? undefined : time.format(of.next), of.isLate)}
        >
          <li>
            {texts.stopped.since} <Ago at={of.since} />. {texts.stopped.tried(of.caller)} <Ago at={of.at} />.
          </li>
          {of.last && <Request told={texts.stopped.last} line={of.last} />}
          <li>{texts.stopped.rule}</li>
          {of.next !== undefined && <li>{texts.stopped.entra(pace)}</li>}
          {of.isLate && <li>{texts.retry.isLate}</li>}
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
    case "sync": {
      const next = of.isFailed && of.nextTry !== undefined ? of.nextTry : of.nextRun;
      return (
        <Because title={texts.sync.title(of, next === undefined ? undefined : time.format(next))}>
          {of.reason !== "" && <li>{texts.sync.reason(of.reason)}</li>}
          <li>
            <Link to={`/syncs/${encodeURIComponent(of.sync)}/people/${encodeURIComponent(of.key)}`}>
              {texts.sync.see}
            </Link>
          </li>
        </Because>
      );
    }
    case "other":
      return (
        <Because title={texts.other.title(of.last.caller, of.isDone)}>
          <Request told={texts.other.last[of.isDone ? "done" : "failed"]} line={of.last} />
          <li>{texts.other.rule}</li>
          {client.is === "sync" ? (
            <li>
              <Link to={`/syncs/${encodeURIComponent(client.name)}`}>{texts.other.sync}</Link>
            </li>
          ) : (
            <li>{texts.other.isEntra(of.last.caller)}</li>
          )}
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
      return (
        <Because title={texts.gone.titleDeleted}>
          <Request told={texts.gone.by} line={of.by} />
        </Because>
      );
    case "lost":
      return (
        <Because title={texts.gone.titleLost}>
          {of.by ? <Request told={texts.gone.byOther} line={of.by} /> : <li>{texts.gone.lost}</li>}
        </Because>
      );
    case "settled":
      return (
        <Because title={texts.settled.title(pace)}>
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
