import { useEffect, useState } from "preact/hooks";
import type {
  GuardActed,
  GuardDanger,
  GuardedRoute,
  GuardPage,
  GuardSeen,
  GuardStopped,
} from "../../src/console/api/guard.ts";
import type { Pace } from "../../src/console/api/pace.ts";
import { type ApiError, get, post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { ChoosableTable } from "../kit/choosable-table.tsx";
import { Choice } from "../kit/field.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Pager, usePaging } from "../kit/pager.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { common } from "../texts/common.ts";
import { guardTexts as texts } from "../texts/guard.ts";
import { type Asked, GuardActDialog } from "./guard-act.tsx";
import { placeName, placeOf, Who } from "./guard-who.tsx";

const EVERY = 5000;
const ROWS = 50;

interface StoppedProps {
  readonly guarded: GuardedRoute;
  readonly pace: Pace;
  readonly onDone: (text: string, acted: GuardActed) => void;
}

/** What is stopped of a route, in pages, to be released or dismissed. */
export function Stopped({ guarded: { route, types }, pace, onDone }: StoppedProps) {
  const isOperator = useMe().role === "operator";
  const [filter, setFilter] = useState("");
  const [chosen, setChosen] = useState<ReadonlyMap<string, GuardStopped>>(new Map());
  const [vanished, setVanished] = useState(0);
  const [asked, setAsked] = useState<Asked>();
  const [failure, setFailure] = useState<ApiError>();
  const wanted = { route, ...(filter && (JSON.parse(filter) as { type: string; danger: GuardDanger })) };
  const paging = usePaging(filter);
  const query = new URLSearchParams({ ...wanted, limit: String(ROWS), ...(paging.at && { after: paging.at }) });
  const { data, error, reload } = useLoaded<GuardPage<GuardStopped>>(`/guard/stopped?${query}`, { every: EVERY });
  const rows = data?.entries ?? [];
  useEffect(() => {
    if (!data || chosen.size === 0) return;
    // The choice is of this page alone, so whatever is not on it any more is no longer stopped.
    const here = new Map(data.entries.map((row) => [placeName(row), row.since]));
    // Nor is one that was dismissed and is stopped anew the one that was chosen.
    const left = new Map([...chosen].filter(([name, { since }]) => here.get(name) === since));
    if (left.size === chosen.size) return;
    setVanished(chosen.size - left.size);
    setChosen(left);
  }, [data]);
  useEffect(() => setChosen(new Map()), [paging.at, filter]);
  useEffect(() => {
    if (data?.entries.length === 0 && !paging.isFirst) paging.back();
  }, [data]);

  const options = types.flatMap(({ type, deletes, disables }) =>
    (["deletes", "disables"] as const).flatMap((danger) => {
      const count = { deletes, disables }[danger].stopped;
      const value = JSON.stringify({ type, danger });
      return count > 0 || value === filter ? [{ value, type, danger, count }] : [];
    }),
  );
  const shown = options.filter(({ value }) => filter === "" || value === filter);
  const total = shown.reduce((sum, { count }) => sum + count, 0);
  const choose = (next: ReadonlyMap<string, GuardStopped>) => {
    setVanished(0);
    setChosen(next);
  };
  const table = {
    caption: texts.stopped(route),
    rows,
    keyOf: placeName,
    columns: columnsOf(route),
  };
  const ask = async (act: Asked["act"], isAll: boolean) => {
    const picked = [...chosen.values()];
    setFailure(undefined);
    try {
      const seen = await get<GuardSeen>(`/guard/seen?${new URLSearchParams(wanted)}`);
      setAsked({ act, seen, ...(!isAll && { chosen: picked }) });
    } catch (reason) {
      setFailure(reason as ApiError);
    }
  };
  const carryOut = async ({ act, seen }: Asked, picked: readonly GuardStopped[] | undefined, reason: string) => {
    const which = picked
      ? { places: picked.map((row) => ({ ...placeOf(row), since: row.since })) }
      : { seen: seen.seen };
    const acted = await post<GuardActed>(`/guard/${act}`, { ...wanted, ...which, reason });
    setChosen(new Map());
    setVanished(0);
    reload();
    onDone(act === "release" ? texts.released(acted.count) : texts.dismissed(acted.count), acted);
  };
  return (
    <div class="guard-stopped">
      <div class="head">
        <div>
          <h3>{texts.stoppedTitle}</h3>
          <p class="quiet">{texts.stoppedLead(pace)}</p>
        </div>
        {(options.length > 1 || filter !== "") && (
          <Choice
            label={texts.filter}
            value={filter}
            onChange={setFilter}
            options={[
              ["", texts.all(options.reduce((sum, { count }) => sum + count, 0))],
              ...options.map(({ value, type, danger, count }) => [value, texts.only(type, danger, count)] as const),
            ]}
          />
        )}
      </div>
      {vanished > 0 && <Notice kind="warning">{texts.vanished(vanished)}</Notice>}
      <Failure error={error ?? failure} />
      {!data && !error && <Loading />}
      {data && rows.length === 0 && <Empty>{filter === "" ? texts.nothingStopped : texts.nothingLike}</Empty>}
      {rows.length > 0 && (
        <>
          {isOperator ? (
            <Acts chosen={chosen.size} total={total} onAsk={ask} />
          ) : (
            <p class="quiet">{common.viewerOnly}</p>
          )}
          {isOperator ? (
            <ChoosableTable<GuardStopped>
              {...table}
              chosen={chosen}
              onChoose={choose}
              nameOf={({ display, key }) => display || key}
            />
          ) : (
            <Table<GuardStopped> {...table} />
          )}
        </>
      )}
      <Pager paging={paging} next={data?.next} />
      {asked && (
        <GuardActDialog
          asked={asked}
          route={route}
          types={types}
          pace={pace}
          onAct={(picked, reason) => carryOut(asked, picked, reason)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </div>
  );
}

const columnsOf = (route: string): readonly Column<GuardStopped>[] => [
  { name: texts.who, show: (row) => <Who route={route} row={row} />, layout: "grow" },
  { name: texts.change, show: ({ type, danger }) => `${texts.changes[danger]} ${type}` },
  { name: texts.since, show: ({ since }) => <Ago at={since} />, layout: "narrow" },
  { name: texts.tried, show: ({ at }) => <Ago at={at} />, layout: "narrow" },
  { name: texts.by, show: ({ caller }) => caller },
  {
    name: texts.request,
    layout: "narrow",
    show: ({ requestId }) => <Link to={`/live/request/${encodeURIComponent(requestId)}`}>{texts.openRequest}</Link>,
  },
];

interface ActsProps {
  readonly chosen: number;
  readonly total: number;
  readonly onAsk: (act: Asked["act"], isAll: boolean) => void;
}

/** What may be done to what is chosen, or to all. */
const Acts = ({ chosen, total, onAsk }: ActsProps) => (
  <div class="tools">
    {chosen > 0 ? (
      <>
        <button type="button" onClick={() => onAsk("release", false)}>
          {texts.releaseChosen(chosen)}
        </button>
        <button type="button" class="plain" onClick={() => onAsk("dismiss", false)}>
          {texts.dismissChosen(chosen)}
        </button>
      </>
    ) : (
      <>
        <button type="button" onClick={() => onAsk("release", true)}>
          {texts.releaseAll(total)}
        </button>
        <button type="button" class="plain" onClick={() => onAsk("dismiss", true)}>
          {texts.dismissAll(total)}
        </button>
      </>
    )}
  </div>
);
