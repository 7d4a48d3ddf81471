import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveChoices, LiveLine } from "../../src/console/api/live.ts";
import { useLoaded } from "../api.ts";
import { Badge, type Tone } from "../kit/badge.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Ago, Clock, duration, zoneAt } from "../kit/time.tsx";
import { isBack, Link, useKeptScroll, usePlace } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { liveTexts } from "../texts/live.ts";
import { type Feed, type FeedOptions, type FeedState, useFeed } from "./feed.ts";
import { clearFilters, Filters, isFiltered, queryOf } from "./filters.tsx";
import { Result } from "./result.tsx";
import { MAX_ROWS, type Rows } from "./rows.ts";
import { TIMES, type Times, useTimes } from "./times.ts";

/** A list that was asked for. A span of its filters, such as the last hour, begins when it was. */
interface Asked {
  readonly address: string;
  readonly at: number;
  readonly rows: Rows | undefined;
}

/** The list that was shown last: whoever opens one of its requests and comes back finds it as it was. */
let left: Asked | undefined;

/** Requests as they come. Their filters are in the page's address. */
export function RequestList() {
  const { query: address } = usePlace();
  const { data: choices } = useLoaded<LiveChoices>("/live/choices");
  const [callers, setCallers] = useState<readonly string[]>([]);
  const asked = useRef<Asked>(undefined);
  if (!asked.current && left?.address === String(address) && isBack()) asked.current = left;
  if (asked.current?.address !== String(address))
    asked.current = { address: String(address), at: Date.now(), rows: undefined };
  const { query, isPast } = queryOf(address, asked.current.at);
  const now = asked.current;
  const saw = (rows: readonly LiveLine[]) => {
    const all = new Set([...callers, ...rows.map(({ caller }) => caller).filter(Boolean)]);
    if (all.size > callers.length) setCallers([...all].toSorted());
  };
  return (
    <Page title={pageNames.live} lead={liveTexts.lead}>
      <Filters address={address} choices={choices} callers={callers} />
      <Followed
        key={query}
        query={query}
        isPast={isPast}
        saw={saw}
        kept={now.rows}
        keep={(rows) => {
          left = { ...now, rows };
        }}
      />
    </Page>
  );
}

interface FollowedProps extends FeedOptions {
  readonly keep: (rows: Rows) => void;
  /** Called with the rows that are shown. */
  readonly saw: (rows: readonly LiveLine[]) => void;
}

/** The requests of one query. */
function Followed({ saw, keep, ...options }: FollowedProps) {
  const { query } = usePlace();
  const feed = useFeed(options);
  const [times, setTimes] = useTimes();
  const { rows, error, isStale } = feed;
  useEffect(() => saw(rows), [rows]);
  useEffect(() => keep(feed.kept), [feed.kept]);
  useKeptScroll(rows.length > 0);
  if (error && rows.length === 0) return <Failure error={error} />;
  if (isStale && rows.length === 0) return <Loading />;
  return (
    <section class="panel live">
      <Bar feed={feed} times={times} setTimes={setTimes} />
      <Problems feed={feed} />
      {rows.length === 0 ? <Nothing /> : <Table {...tableOf(times, !query.get("route"))} rows={rows} />}
      {rows.length > 0 && <Older feed={feed} />}
    </section>
  );
}

const TONES: Readonly<Record<FeedState, Tone>> = {
  following: "good",
  connecting: "plain",
  reconnecting: "warn",
  away: "bad",
  full: "warn",
  past: "plain",
};

interface BarProps {
  readonly feed: Feed;
  readonly times: Times;
  readonly setTimes: (times: Times) => void;
}

/** How the list follows, the button that stops it, and how times are shown. */
function Bar({ feed: { state, isPaused, held, pause, resume }, times, setTimes }: BarProps) {
  const isFollowing = state === "following";
  return (
    <div class="head">
      <div role="status">
        <Badge tone={isPaused && isFollowing ? "info" : TONES[state]}>
          {isPaused && isFollowing ? liveTexts.paused : liveTexts.states[state]}
        </Badge>
      </div>
      <div class="tools">
        <select
          aria-label={liveTexts.times}
          value={times}
          onChange={(event) => setTimes(event.currentTarget.value as Times)}
        >
          {TIMES.map((each) => (
            <option key={each} value={each}>
              {each === "local" ? liveTexts.localTime(zoneAt(Date.now())) : liveTexts.timesIn[each]}
            </option>
          ))}
        </select>
        {state !== "past" && (
          <button type="button" class={isPaused ? "primary" : ""} onClick={isPaused ? resume : pause}>
            {isPaused ? liveTexts.resume(held.length) : liveTexts.pause}
          </button>
        )}
      </div>
    </div>
  );
}

/** What keeps the list from being complete. */
function Problems({ feed: { state, error, whyFull, lost, reload } }: { readonly feed: Feed }) {
  return (
    <>
      {state === "away" && <Notice kind="warning">{liveTexts.away}</Notice>}
      {state === "reconnecting" && <Notice kind="warning">{liveTexts.reconnecting}</Notice>}
      {state === "full" && <Notice kind="warning">{whyFull}</Notice>}
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

/** The table: with the route, unless only one is asked for. */
function tableOf(times: Times, hasRoutes: boolean) {
  const { columns } = liveTexts;
  const all: Column<LiveLine>[] = [
    {
      name: columns.time,
      layout: "narrow",
      show: ({ answered }) => (times === "ago" ? <Ago at={answered} /> : <Clock at={answered} zone={times} />),
    },
    { name: columns.result, layout: "narrow", show: (row) => <Result {...row} /> },
    {
      name: columns.what,
      layout: "grow",
      show: ({ id, sentence, display, resource }) => (
        <>
          <Link to={`/live/${id}`}>{sentence}</Link>
          <Who sentence={sentence} display={display} resource={resource} />
        </>
      ),
    },
    { name: columns.caller, layout: "narrow", show: ({ caller }) => caller || liveTexts.unknownCaller },
    ...(hasRoutes ? [{ name: columns.route, layout: "narrow" as const, show: ({ route }: LiveLine) => route }] : []),
    { name: columns.ms, layout: "end", show: ({ ms }) => duration(ms) },
  ];
  return { caption: liveTexts.caption, columns: all, keyOf: ({ id }: LiveLine) => id };
}

/** The name and the ID of a row's resource, where its sentence has not both. */
function Who({ sentence, display, resource }: Pick<LiveLine, "sentence" | "display" | "resource">) {
  const name = sentence.includes(display) ? "" : display;
  const id =
    resource === display || sentence.split(/[\s"]+/).some((word) => word.replace(/[.:,;]+$/, "") === resource)
      ? ""
      : resource;
  if (name === "" && id === "") return null;
  return (
    <div class="quiet who">
      {name} {id !== "" && <code>{id}</code>}
    </div>
  );
}
