import { useMemo } from "preact/hooks";
import type { Attention, ConnectorHealth, Overview, RequestSeries, Span } from "../../src/console/api/overview.ts";
import { useLoaded } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { Chart, type Line } from "../kit/chart.tsx";
import { Choice } from "../kit/field.tsx";
import { BreakerBadge, StateBadge } from "../kit/health.tsx";
import { Empty, Failure, Loading } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Ago, duration } from "../kit/time.tsx";
import { Link, setQuery, usePlace } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { overviewTexts as texts, told } from "../texts/overview.ts";
import "../styles/overview.css";

/** What an operator looks at first: what needs attention, which backends serve, and how requests go. */
export default function OverviewPage() {
  const { data, error } = useLoaded<Overview>("/overview", { every: 10_000 });
  return (
    <Page title={pageNames.overview} lead={data && <Lead overview={data} />}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data && (
        <>
          <Attentions items={data.attention} />
          <Health connectors={data.connectors} />
          <Requests overview={data} />
        </>
      )}
    </Page>
  );
}

const Lead = ({ overview: { replica, started, isShared } }: { readonly overview: Overview }) => (
  <>
    {texts.lead(replica)}, {texts.started} <Ago at={started} />. {isShared && texts.shared(replica)}
  </>
);

function Attentions({ items }: { readonly items: readonly Attention[] }) {
  return (
    <Panel title={texts.attention}>
      {items.length === 0 ? (
        <p class="calm">
          <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
            <circle cx="10" cy="10" r="9" fill="none" stroke="currentColor" stroke-width="2" />
            <path d="M6 10.5l2.7 2.7L14 7.5" fill="none" stroke="currentColor" stroke-width="2" />
          </svg>
          {texts.calm}
        </p>
      ) : (
        <ul class="attention">
          {items
            .map(told)
            .toSorted((one, other) => Number(other.isGrave) - Number(one.isGrave))
            .map(({ text, to, isGrave }) => (
              <li key={text}>
                <Badge tone={isGrave ? "bad" : "warn"}>{isGrave ? texts.grave : texts.notGrave}</Badge>
                <span>{text}</span>
                <Link to={to}>
                  {texts.open}
                  <span class="hidden">: {text}</span>
                </Link>
              </li>
            ))}
        </ul>
      )}
    </Panel>
  );
}

function Health({ connectors }: { readonly connectors: readonly ConnectorHealth[] }) {
  const { columns: names } = texts;
  const columns: readonly Column<ConnectorHealth>[] = [
    {
      name: names.name,
      show: ({ name, type }) => (
        <>
          <Link to={`/connectors/${encodeURIComponent(name)}`}>{name}</Link> <span class="quiet">{type}</span>
        </>
      ),
    },
    { name: names.state, layout: "narrow", show: ({ state }) => <StateBadge state={state} /> },
    { name: names.since, layout: "narrow", show: ({ since }) => (since ? <Ago at={since} /> : "–") },
    { name: names.breaker, layout: "narrow", show: (each) => <BreakerBadge health={each} /> },
    {
      name: names.failure,
      layout: "grow",
      show: ({ failure }) =>
        failure ? (
          <>
            {failure.reason} <span class="quiet">{<Ago at={failure.at} />}</span>
          </>
        ) : (
          <span class="quiet">{texts.never}</span>
        ),
    },
  ];
  return (
    <Panel title={texts.health}>
      {connectors.length === 0 ? (
        <Empty>{texts.noConnectors}</Empty>
      ) : (
        <Table caption={texts.health} columns={columns} rows={connectors} keyOf={({ name }) => name} />
      )}
    </Panel>
  );
}

/** How often charts are read again, in milliseconds: as often as they can have something new. */
const EVERY: Readonly<Record<Span, number>> = { hour: 10_000, day: 60_000 };

function Requests({ overview: { routes, written } }: { readonly overview: Overview }) {
  const { query } = usePlace();
  const span: Span = query.get("span") === "day" ? "day" : "hour";
  const route = query.get("route") ?? "";
  const told = written.filter((each) => route === "" || each.route === route);
  const asked = new URLSearchParams({ span, ...(route && { route }) });
  const { data, error } = useLoaded<RequestSeries>(`/overview/series?${asked}`, { every: EVERY[span] });
  const tools = (
    <>
      {routes.length > 1 && (
        <Choice
          label={texts.route}
          value={route}
          options={[["", texts.allRoutes], ...routes.map((each) => [each, each] as const)]}
          onChange={(chosen) => setQuery({ route: chosen })}
        />
      )}
      <Choice
        label={texts.span}
        value={span}
        options={[
          ["hour", texts.spans.hour],
          ["day", texts.spans.day],
        ]}
        onChange={(chosen) => setQuery({ span: chosen === "day" ? "day" : undefined })}
      />
    </>
  );
  return (
    <Panel title={texts.requests} tools={tools}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data && <Charts series={data} />}
      {told.length > 0 && (
        <p class="quiet">
          {texts.written(told)} <Link to="/syncs">{texts.toSyncs}</Link>
        </p>
      )}
    </Panel>
  );
}

const number = new Intl.NumberFormat("en-GB");
const rate = (value: number) => (Number.isInteger(value) ? number.format(value) : "");

function Charts({ series }: { readonly series: RequestSeries }) {
  const { total } = series;
  const shown = useMemo(() => linesOf(series), [series]);
  if (total.count === 0) return <Empty>{texts.noRequests}</Empty>;
  const peak = Math.max(...shown.rate[0]!.values);
  const summary = texts.summary(total.count, total.failures, peak, duration(total.p95!));
  const common = { summary, times: shown.times, texts };
  return (
    <>
      <p>
        {summary}.{" "}
        <span class="quiet">
          {texts.failuresAre} {texts.rateIs}
        </span>
      </p>
      <div class="charts">
        <Chart {...common} title={texts.charts.rate} lines={shown.rate} show={rate} unit={texts.perMinute} />
        <Chart {...common} title={texts.charts.latency} lines={shown.latency} show={duration} />
        <Chart {...common} title={texts.charts.backend} lines={shown.backend} show={duration} />
      </div>
    </>
  );
}

/** Charts are at least so many points wide. */
const MIN_POINTS = 30;

/** How many there were in the minute before the end of each step. */
function ofMinute(values: readonly number[], step: number): number[] {
  const steps = Math.max(1, Math.round(60_000 / step));
  return values.map((_, index) =>
    values.slice(Math.max(0, index - steps + 1), index + 1).reduce((sum, each) => sum + each, 0),
  );
}

/** A series from its first request on: a gateway that has just started shows its minutes, not an empty hour. */
function fromFirstRequest(series: RequestSeries): RequestSeries {
  const { start, step, counts } = series;
  const first = Math.max(0, Math.min(counts.findIndex((count) => count > 0) - 1, counts.length - MIN_POINTS));
  const rest = <T,>(values: readonly T[]) => values.slice(first);
  return {
    ...series,
    start: start + first * step,
    counts: rest(counts),
    failures: rest(series.failures),
    means: rest(series.means),
    backend: rest(series.backend),
    p50: rest(series.p50),
    p95: rest(series.p95),
    p99: rest(series.p99),
  };
}

function linesOf(series: RequestSeries) {
  const { start, step, counts, failures, means, backend, p50, p95, p99 } = fromFirstRequest(series);
  const names = texts.series;
  const gateway = means.map((mean, index) => (mean === null ? null : Math.max(0, mean - (backend[index] ?? 0))));
  return {
    times: counts.map((_, index) => start + index * step),
    rate: [
      { name: names.requests, values: ofMinute(counts, step), look: "main" },
      { name: names.failures, values: ofMinute(failures, step), look: "bad" },
    ] satisfies Line[],
    latency: [
      { name: names.p50, values: p50, look: "main" },
      { name: names.p95, values: p95, look: "second" },
      { name: names.p99, values: p99, look: "third" },
    ] satisfies Line[],
    backend: [
      { name: names.gateway, values: gateway, look: "main" },
      { name: names.backend, values: backend, look: "second" },
    ] satisfies Line[],
  };
}
