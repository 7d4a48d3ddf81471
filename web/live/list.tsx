import { useEffect, useRef, useState } from "preact/hooks";
import type { JournalLine, LiveChoices } from "../../src/console/api/live.ts";
import { useLoaded } from "../api.ts";
import { Badge, type Tone } from "../kit/badge.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Clock, duration } from "../kit/time.tsx";
import { Link, usePlace } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { liveTexts } from "../texts/live.ts";
import { type Feed, type FeedState, useFeed } from "./feed.ts";
import { clearFilters, Filters, isFiltered, queryOf } from "./filters.tsx";
import { Result } from "./result.tsx";
import { MAX_ROWS } from "./rows.ts";

/** Requests as they come. Their filters are in the page's address. */
export function RequestList() {
  const { query: address } = usePlace();
  const { data: choices } = useLoaded<LiveChoices>("/live/choices");
  const [callers, setCallers] = useState<readonly string[]>([]);
  // A span such as the last hour begins when it was chosen.
  const asked = useRef<{ address: string; at: number }>({ address: "", at: 0 });
  if (asked.current.address !== String(address) || asked.current.at === 0)
    asked.current = { address: String(address), at: Date.now() };
  const { query, isPast } = queryOf(address, asked.current.at);
  const saw = (rows: readonly JournalLine[]) => {
    const all = new Set([...callers, ...rows.map(({ caller }) => caller).filter(Boolean)]);
    if (all.size > callers.length) setCallers([...all].toSorted());
  };
  return (
    <Page title={pageNames.live} lead={liveTexts.lead}>
      <Filters address={address} choices={choices} callers={callers} />
      <Followed key={query} query={query} isPast={isPast} saw={saw} />
    </Page>
  );
}

interface FollowedProps {
  readonly query: string;
  readonly isPast: boolean;
  /** Called with the rows that are shown. */
  readonly saw: (rows: readonly JournalLine[]) => void;
}

/** The requests of one query. */
function Followed({ query, isPast, saw }: FollowedProps) {
  const feed = useFeed(query, isPast);
  const { rows, error, isStale } = feed;
  useEffect(() => saw(rows), [rows]);
  if (error && rows.length === 0) return <Failure error={error} />;
  if (isStale && rows.length === 0) return <Loading />;
  return (
    <section class="panel live">
      <Bar feed={feed} />
      <Problems feed={feed} />
      {rows.length === 0 ? <Nothing /> : <Table {...tableOf(rows)} rows={rows} />}
      {rows.length > 0 && <Older feed={feed} />}
    </section>
  );
}

const TONES: Readonly<Record<FeedState, Tone>> = {
  following: "good",
  connecting: "plain",
  reconnecting: "warn",
  away: "bad",
  past: "plain",
};

/** How the list follows, and the button that stops it. */
function Bar({ feed: { state, isPaused, held, pause, resume } }: { readonly feed: Feed }) {
  const isFollowing = state === "following";
  return (
    <div class="head">
      <div role="status">
        <Badge tone={isPaused && isFollowing ? "info" : TONES[state]}>
          {isPaused && isFollowing ? liveTexts.paused : liveTexts.states[state]}
        </Badge>
      </div>
      {state !== "past" && (
        <button type="button" class={isPaused ? "primary" : ""} onClick={isPaused ? resume : pause}>
          {isPaused ? liveTexts.resume(held.length) : liveTexts.pause}
        </button>
      )}
    </div>
  );
}

/** What keeps the list from being complete. */
function Problems({ feed: { state, error, lost, reload } }: { readonly feed: Feed }) {
  return (
    <>
      {state === "away" && <Notice kind="warning">{liveTexts.away}</Notice>}
      {state === "reconnecting" && <Notice kind="warning">{liveTexts.reconnecting}</Notice>}
      {state === "past" && <Notice kind="info">{liveTexts.past}</Notice>}
      {lost > 0 && (
        <Notice kind="warning">
          {liveTexts.lost(lost)}{" "}
          <button type="button" class="small" onClick={reload}>
            {liveTexts.reload}
          </button>
        </Notice>
      )}
      {state !== "away" && <Failure error={error} />}
    </>
  );
}

function Nothing() {
  const { query } = usePlace();
  if (!isFiltered(query)) return <Empty>{liveTexts.empty}</Empty>;
  return (
    <div class="quiet empty">
      {liveTexts.emptyFiltered}{" "}
      <button type="button" class="small" onClick={clearFilters}>
        {liveTexts.clear}
      </button>
    </div>
  );
}

/** Loads older requests: by its button, or when somebody scrolls to it. */
function Older({ feed: { rows, hasOlder, isLoadingOlder, older, error } }: { readonly feed: Feed }) {
  const end = useRef<HTMLDivElement>(null);
  const mayLoad = hasOlder && rows.length < MAX_ROWS;
  useEffect(() => {
    // After a failure only the button asks again.
    if (!mayLoad || error || !end.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && scrollY > 0 && older());
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [mayLoad, older, error]);
  if (!hasOlder) return <p class="quiet">{liveTexts.end}</p>;
  if (!mayLoad) return <p class="quiet">{liveTexts.full}</p>;
  return (
    <div ref={end}>
      <button type="button" onClick={older}>
        {isLoadingOlder ? liveTexts.loadingOlder : liveTexts.older}
      </button>
    </div>
  );
}

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The table: with the route, if there are requests for several. */
function tableOf(rows: readonly JournalLine[]) {
  const { columns } = liveTexts;
  const today = day.format(Date.now());
  const hasRoutes = new Set(rows.map(({ route }) => route)).size > 1;
  const all: Column<JournalLine>[] = [
    {
      name: columns.time,
      layout: "narrow",
      show: ({ at }) => (
        <span>
          {day.format(at) !== today && `${day.format(at)}, `}
          <Clock at={at} />
        </span>
      ),
    },
    { name: columns.result, layout: "narrow", show: (row) => <Result {...row} /> },
    {
      name: columns.what,
      layout: "grow",
      show: ({ id, sentence, display }) => (
        <>
          <Link to={`/live/${id}${location.search}`}>{sentence}</Link>
          {!sentence.includes(display) && <div class="quiet">{display}</div>}
        </>
      ),
    },
    { name: columns.caller, layout: "narrow", show: ({ caller }) => caller || liveTexts.unknownCaller },
    ...(hasRoutes ? [{ name: columns.route, layout: "narrow" as const, show: ({ route }: JournalLine) => route }] : []),
    { name: columns.ms, layout: "end", show: ({ ms }) => duration(ms) },
  ];
  return { caption: liveTexts.caption, columns: all, keyOf: ({ id }: JournalLine) => id };
}
