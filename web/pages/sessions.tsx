import { useState } from "preact/hooks";
import type { EndSessions, SessionList, SessionRow, SessionsEnded } from "../../src/console/api/sessions.ts";
import { post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { ActDialog } from "../kit/act-dialog.tsx";
import { Badge } from "../kit/badge.tsx";
import { Choice } from "../kit/field.tsx";
import { Done, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { common, pageNames } from "../texts/common.ts";
import { sessionsTexts as texts } from "../texts/sessions.ts";

const EVERY = 10_000;

/** Who is signed in, for operators: to end one session, or all of somebody. */
export default function SessionsPage() {
  const isOperator = useMe().role === "operator";
  const { data, error, reload } = useLoaded<SessionList>(isOperator ? "/sessions" : undefined, { every: EVERY });
  const [ending, setEnding] = useState<SessionRow>();
  const [count, setCount] = useState<number>();
  return (
    <Page title={pageNames.sessions} lead={texts.lead}>
      {!isOperator && <Notice kind="info">{common.viewerOnly}</Notice>}
      {count !== undefined && <Done text={texts.ended(count)} />}
      <Failure error={error} />
      {isOperator && !data && !error && <Loading />}
      {data && (
        <Table caption={texts.table} columns={columnsFor(setEnding)} rows={data.sessions} keyOf={(row) => row.id} />
      )}
      {data?.hasMore && <p class="quiet">{texts.more}</p>}
      {data && ending && (
        <Ending
          session={ending}
          sessions={data.sessions}
          onClose={() => setEnding(undefined)}
          onEnded={(ended) => {
            setCount(ended);
            reload();
          }}
        />
      )}
    </Page>
  );
}

const columnsFor = (onEnd: (session: SessionRow) => void): readonly Column<SessionRow>[] => [
  {
    name: texts.name,
    layout: "grow",
    show: ({ name, isOwn }) => (
      <>
        <bdi>{name}</bdi> {isOwn && <Badge tone="info">{texts.own}</Badge>}
      </>
    ),
  },
  { name: texts.role, show: ({ role }) => role },
  {
    name: texts.way,
    layout: "grow",
    show: ({ provider }) =>
      provider ? (
        <>
          <span title={provider.issuer}>{texts.provider(provider.issuer)}</span>
          <div class="quiet mono">{texts.subject(provider.sub)}</div>
        </>
      ) : (
        texts.link
      ),
  },
  { name: texts.since, layout: "narrow", show: ({ created }) => <Ago at={created} /> },
  { name: texts.seen, layout: "narrow", show: ({ seen }) => <Ago at={seen} /> },
  { name: texts.ends, layout: "narrow", show: ({ expires }) => <Ago at={expires} /> },
  {
    name: texts.act,
    layout: "narrow",
    show: (session) => (
      <button type="button" aria-label={texts.endFor(session.name)} onClick={() => onEnd(session)}>
        {texts.end}
      </button>
    ),
  },
];

const isSamePerson = (one: SessionRow, other: SessionRow): boolean =>
  one.name === other.name &&
  one.provider?.issuer === other.provider?.issuer &&
  one.provider?.sub === other.provider?.sub;

interface EndingProps {
  readonly session: SessionRow;
  readonly sessions: readonly SessionRow[];
  readonly onClose: () => void;
  readonly onEnded: (count: number) => void;
}

function Ending({ session, sessions, onClose, onEnded }: EndingProps) {
  const [which, setWhich] = useState<"one" | "all">("one");
  const { id, name, provider } = session;
  const all = sessions.filter((each) => isSamePerson(each, session));
  const meant = which === "all" ? all : [session];
  const end = async () => {
    const asked: EndSessions = { id, isAll: which === "all" };
    onEnded((await post<SessionsEnded>("/sessions/end", asked)).count);
  };
  return (
    <ActDialog title={texts.title} action={texts.confirm} isDangerous onAct={end} onClose={onClose}>
      <p>{provider ? texts.ask(name) : texts.askLink(name)}</p>
      {all.length > 1 && (
        <Choice
          label={texts.which}
          value={which}
          options={[
            ["one", texts.one],
            ["all", texts.all(all.length)],
          ]}
          onChange={(chosen) => setWhich(chosen === "all" ? "all" : "one")}
        />
      )}
      {meant.some(({ isOwn }) => isOwn) && <Notice kind="warning">{texts.askSelf}</Notice>}
      <p>{texts.recorded}</p>
    </ActDialog>
  );
}
