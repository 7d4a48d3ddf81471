import { useState } from "preact/hooks";
import type { PersonPage, ReferencesPage } from "../../src/console/api/people.ts";
import { useLoaded } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { usePages } from "../kit/more.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Link, useKeptScroll } from "../router.tsx";
import { peopleTexts, personTexts as texts } from "../texts/people.ts";
import { asking } from "./address.ts";
import { ExpectedPanel } from "./expected.tsx";
import { HistoryTable } from "./history.tsx";
import { State } from "./list.tsx";
import { NowPanel, ReferredLink } from "./now.tsx";

interface Of {
  readonly route: string;
  readonly type: string;
  readonly id: string;
}

/** One resource: as it is now, what happened to it, and what comes next. */
export function Person({ of }: { readonly of: Of }) {
  const { data: page, error, reload } = useLoaded<PersonPage>(asking("resource", { ...of }));
  const [isShown, setShown] = useState(false);
  useKeptScroll(isShown);
  const { route, type, id } = of;
  const back = (
    <>
      <Link to={`/people?${new URLSearchParams({ of: `${type}@${route}` })}`} class="button">
        {texts.back}
      </Link>
      <button type="button" onClick={reload}>
        {texts.refresh}
      </button>
    </>
  );
  return (
    <Page title={page?.name || id} lead={texts.lead(type, route)} tools={back}>
      <Failure error={error} />
      {!page && !error && <Loading />}
      {page && (
        <>
          <p class="marks">
            <StateNow page={page} /> {texts.id} <code>{id}</code>
          </p>
          <ExpectedPanel page={page} />
          <div class="person">
            <div class="stack">
              <NowPanel page={page} />
              {page.lists.map((attribute) => (
                <ReferencesPanel key={attribute} of={of} attribute={attribute} />
              ))}
            </div>
            <HistoryPanel page={page} shown={() => setShown(true)} />
          </div>
        </>
      )}
    </Page>
  );
}

function StateNow({ page: { now } }: { readonly page: PersonPage }) {
  if (now.is === "gone") return <Badge tone="bad">{peopleTexts.gone}</Badge>;
  const active = now.is === "there" ? now.resource.active : undefined;
  return <State active={typeof active === "boolean" ? active : undefined} />;
}

interface HistoryPanelProps {
  readonly page: PersonPage;
  readonly shown: () => void;
}

function HistoryPanel({ page: { told, route, type, id }, shown }: HistoryPanelProps) {
  return (
    <Panel title={texts.history}>
      {told.is === "off" && <Notice kind="info">{texts.historyOff}</Notice>}
      {told.is === "unknown" && (
        <Notice kind="error">
          {texts.historyUnknown} {told.problem}
        </Notice>
      )}
      {told.is === "kept" && <HistoryTable of={{ route, type, id }} first={told.history} shown={shown} />}
    </Panel>
  );
}

/** What an attribute with many references refers to, such as a group's members. */
function ReferencesPanel({ of, attribute }: { readonly of: Of; readonly attribute: string }) {
  const { pages, error, isLoading, add } = usePages<ReferencesPage>(asking("references", { ...of, attribute }));
  const rows = pages.flatMap((page) => page.rows);
  const last = pages.at(-1);
  return (
    <Panel title={texts.lists[attribute] ?? attribute}>
      <Failure error={error} />
      {!last && !error && <Loading />}
      {last && rows.length === 0 && <Empty>{texts.listNothing}</Empty>}
      {rows.length > 0 && (
        <ul class="references">
          {rows.map((each) => (
            <li key={each.id}>
              <ReferredLink route={of.route} to={each} />
            </li>
          ))}
        </ul>
      )}
      {last && rows.length > 0 && (
        <div class="tools">
          {last.next !== undefined && (
            <button
              type="button"
              disabled={isLoading}
              aria-label={`${peopleTexts.more}: ${texts.lists[attribute] ?? attribute}`}
              onClick={() => add(asking("references", { ...of, attribute, from: last.next }))}
            >
              {peopleTexts.more}
            </button>
          )}
          <p class="quiet" role="status">
            {peopleTexts.count(rows.length, last.total)}
          </p>
        </div>
      )}
    </Panel>
  );
}
