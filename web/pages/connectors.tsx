import type { ConnectorRow } from "../../src/console/api/connectors.ts";
import { useLoaded } from "../api.ts";
import { BreakerBadge, StateBadge } from "../kit/health.tsx";
import { Empty, Failure, Loading } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Ago, duration } from "../kit/time.tsx";
import type { PageProps } from "../pages.ts";
import { Link } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { connectorTexts as texts } from "../texts/connectors.ts";
import { overviewTexts } from "../texts/overview.ts";
import { ConnectorDetailsPage } from "./connector.tsx";

/** All connectors, or one of them. */
export default function ConnectorsPage({ rest }: PageProps) {
  return rest === "" ? <All /> : <ConnectorDetailsPage name={decodeURIComponent(rest)} />;
}

const columns: readonly Column<ConnectorRow>[] = [
  {
    name: texts.columns.name,
    layout: "grow",
    show: ({ name, address }) => (
      <>
        <Link to={`/connectors/${encodeURIComponent(name)}`}>{name}</Link>
        {address && <span class="quiet state-line">{address}</span>}
      </>
    ),
  },
  { name: texts.columns.type, show: ({ type }) => type },
  {
    name: texts.columns.state,
    layout: "narrow",
    show: ({ state, since }) => (
      <>
        <StateBadge state={state} /> {since && <Ago at={since} />}
      </>
    ),
  },
  { name: texts.columns.breaker, layout: "narrow", show: (row) => <BreakerBadge health={row} /> },
  {
    name: texts.columns.load,
    layout: "end",
    show: ({ load }) => texts.facts.of(load.running, load.maxRunning),
  },
  { name: texts.columns.calls, layout: "end", show: ({ calls }) => calls.count },
  { name: texts.columns.failures, layout: "end", show: ({ calls }) => calls.failures },
  {
    name: texts.columns.p95,
    layout: "end",
    show: ({ calls }) => (calls.p95 === null ? "–" : duration(calls.p95)),
  },
];

function All() {
  const { data, error } = useLoaded<readonly ConnectorRow[]>("/connectors", { every: 5000 });
  return (
    <Page title={pageNames.connectors} lead={texts.lead}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data?.length === 0 && <Empty>{overviewTexts.noConnectors}</Empty>}
      {data && data.length > 0 && (
        <Panel title={texts.caption}>
          <Table caption={texts.caption} columns={columns} rows={data} keyOf={({ name }) => name} />
        </Panel>
      )}
    </Page>
  );
}
