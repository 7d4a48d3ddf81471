import { useEffect, useState } from "preact/hooks";
import type { SyncChange, SyncPeople, SyncPerson, SyncSummary } from "../../src/console/api/syncs.ts";
import { useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { ActDialog } from "../kit/act-dialog.tsx";
import { Badge, type Tone } from "../kit/badge.tsx";
import { ChoosableTable } from "../kit/choosable-table.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Pager, usePaging } from "../kit/pager.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Link, setQuery, usePlace } from "../router.tsx";
import { syncStates, syncsTexts as texts } from "../texts/syncs.ts";

interface PeopleProps {
  readonly summary: SyncSummary;
  /** Changes whenever people may have changed. */
  readonly version: string;
  /** The last entry of the history that is shown. */
  readonly seen: number;
  readonly onAct: (body: object) => (reason: string) => Promise<void>;
}

type Act = "release" | "retry" | "forget";

const sum = (counts: readonly { readonly count: number }[]): number =>
  counts.reduce((all, { count }) => all + count, 0);

/** The people of a sync: those with planned or held changes, of a state, or all, and what may be done with them. */
export function People({ summary, version, seen, onAct }: PeopleProps) {
  const { name, held, planned, people, to, moved } = summary;
  const path = `/syncs/${encodeURIComponent(name)}`;
  const isActor = useMe().role === "operator";
  const { query } = usePlace();
  const find = query.get("find") ?? "";
  const show = query.get("show") ?? (find ? "all" : "planned");
  // A plan of what would be is only looked at.
  const isOperator = isActor && !summary.running && show !== "same";
  const [typed, setTyped] = useState(find);
  const [chosen, setChosen] = useState<ReadonlyMap<string, SyncPerson>>(new Map());
  const [asked, setAsked] = useState<Act>();
  const listed = JSON.stringify([show, find]);
  const paging = usePaging(listed);
  const parts = new URLSearchParams({
    show,
    ...(find && { find }),
    ...(paging.at !== undefined && { after: paging.at }),
  });
  const { data, error } = useLoaded<SyncPeople>(`${path}/people?${parts}`, { version });
  useEffect(() => setChosen(new Map()), [version, listed, paging.at]);
  const rows = data?.people ?? [];
  const picked = [...chosen.values()];
  const keys = picked.map((each) => each.key);
  const releasable = picked.filter((each) => each.held && each.kind !== "rehires");
  const hasFailed = people.some(({ status, count }) => count > 0 && ["failed", "stopped"].includes(status));
  const toPerson = (of: string) => `${path}/people/${encodeURIComponent(of)}`;
  const table = {
    caption: texts.peopleTable(name),
    rows,
    keyOf: ({ key: of }: SyncPerson) => of,
    columns: columnsOf(toPerson),
  };
  const kinds = [...Map.groupBy(releasable, ({ kind }) => kind!)].map(([kind, of]) => ({ kind, count: of.length }));
  const dialogs = {
    release: {
      title: texts.releaseTitle,
      action: texts.release,
      means: texts.releaseMeans(name, to, kinds),
      body: { do: "release", people: releasable.map((each) => each.key), seen },
    },
    retry: {
      title: texts.retryTitle,
      action: texts.retry,
      means: texts.retryMeans(keys.length),
      body: { do: "retry", people: keys },
    },
    forget: {
      title: texts.forgetTitle,
      action: texts.forget,
      means: texts.forgetMeans(keys.length),
      body: { do: "forget", people: keys, count: keys.length },
    },
  } as const;
  const dialog = asked && dialogs[asked];

  return (
    <Panel
      title={texts.people}
      tools={
        <>
          <Choice
            label={texts.tabs}
            value={show}
            onChange={(value) => setQuery({ show: value, find: undefined })}
            options={[
              ["planned", texts.tab.planned(sum(planned) + sum(held))],
              ["held", texts.tab.held(sum(held))],
              ...(moved?.plan ? [["same", texts.tab.same(sum(moved.plan.changes))] as const] : []),
              ...people.map(({ status, count }) => [status, texts.tab.status(status, count)] as const),
              ["all", texts.tab.all(sum(people))],
            ]}
          />
          <form
            class="find"
            onSubmit={(event) => {
              event.preventDefault();
              setQuery(typed.trim() === "" ? { find: undefined } : { find: typed.trim(), show: undefined });
            }}
          >
            <Field label={texts.find} value={typed} onInput={setTyped} type="search" />
            <button type="submit">{texts.search}</button>
          </form>
        </>
      }
    >
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data?.isPartial && <Notice kind="info">{texts.searchGoesOn}</Notice>}
      {data && !data.isPartial && rows.length === 0 && <Empty>{nothingIn(show, find)}</Empty>}
      {isOperator && (keys.length > 0 || hasFailed) && (
        <div class="tools">
          {keys.length === 0 ? (
            <button type="button" onClick={() => setAsked("retry")}>
              {texts.retryAll}
            </button>
          ) : (
            <>
              {releasable.length > 0 && (
                <button type="button" onClick={() => setAsked("release")}>
                  {texts.releaseChosen(releasable.length)}
                </button>
              )}
              <button type="button" onClick={() => setAsked("retry")}>
                {texts.retryChosen(keys.length)}
              </button>
              <button type="button" class="plain" onClick={() => setAsked("forget")}>
                {texts.forgetChosen(keys.length)}
              </button>
            </>
          )}
        </div>
      )}
      {rows.length > 0 &&
        (isOperator ? (
          <ChoosableTable<SyncPerson>
            {...table}
            chosen={chosen}
            onChoose={setChosen}
            nameOf={(row) => row.display || row.key}
          />
        ) : (
          <Table<SyncPerson> {...table} />
        ))}
      <Pager paging={paging} next={data?.next} />
      {dialog && (
        <ActDialog
          title={dialog.title}
          action={dialog.action}
          isDangerous={asked !== "retry"}
          {...(asked !== "retry" && { reason: texts.reason })}
          {...(asked === "forget" && { typed: { label: texts.forgetType(keys.length), text: String(keys.length) } })}
          onAct={onAct(dialog.body)}
          onClose={() => setAsked(undefined)}
        >
          <p class="strong">{dialog.means}</p>
          {asked === "release" && <p>{texts.releaseOnce}</p>}
        </ActDialog>
      )}
    </Panel>
  );
}

function nothingIn(show: string, find: string): string {
  if (find) return texts.nobodyLike(find);
  return show === "planned" ? texts.noPlan : texts.noPeople;
}

const columnsOf = (toPerson: (key: string) => string): readonly Column<SyncPerson>[] => [
  {
    name: texts.person,
    show: (row) => (
      <>
        <Link to={toPerson(row.key)}>{row.display || row.key}</Link>
        {row.display && <span class="quiet mono second">{row.key}</span>}
      </>
    ),
  },
  { name: texts.what, show: (row) => <State person={row} /> },
  { name: texts.why, show: (row) => [row.reason, ...row.notes].filter(Boolean).join(" ") },
  { name: texts.changes, layout: "grow", show: (row) => <Changes changes={row.changes} /> },
];

const TONES: Readonly<Record<string, Tone>> = {
  ok: "good",
  failed: "bad",
  stopped: "bad",
  waiting: "info",
  sent: "info",
};

/** What would be done for a person, or how things stand. */
export const State = ({ person: { kind, held, status } }: { readonly person: SyncPerson }) =>
  kind === undefined ? (
    <Badge tone={TONES[status] ?? "plain"}>{syncStates[status] ?? status}</Badge>
  ) : (
    <>
      <Badge tone="info">{texts.one(kind)}</Badge> {held && <Badge tone="warn">{texts.isHeld}</Badge>}
    </>
  );

/** Changes of attributes, one a line. */
export const Changes = ({ changes }: { readonly changes: readonly SyncChange[] }) =>
  changes.length === 0 ? null : (
    <ul class="changes">
      {changes.map(({ name, from, to }) => (
        <li key={name}>
          <span class="quiet">{name}:</span>{" "}
          {from && (
            <>
              <del>{from}</del> →{" "}
            </>
          )}
          {to ? <ins>{to}</ins> : <span class="quiet">{texts.none_}</span>}
        </li>
      ))}
    </ul>
  );
