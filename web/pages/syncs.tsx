import type { SyncList, SyncSummary } from "../../src/console/api/syncs.ts";
import { useLoaded } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { Code } from "../kit/code.tsx";
import { Failure, Loading } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import type { PageProps } from "../pages.ts";
import { Link } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { syncsTexts as texts } from "../texts/syncs.ts";
import { OneSync } from "./sync.tsx";
import { Outcome } from "./sync-outcome.tsx";
import { OnePerson } from "./sync-person.tsx";
import "../styles/syncs.css";

/** Syncs: the list, one of them, or one person of it. */
export default function Syncs({ rest }: PageProps) {
  const [name, people, key] = rest.split("/").map(decodeURIComponent);
  if (name && people === "people" && key) return <OnePerson key={rest} sync={name} person={key} />;
  return name ? <OneSync key={name} name={name} /> : <List />;
}

function List() {
  const { data, error } = useLoaded<SyncList>("/syncs", { every: 5000 });
  return (
    <Page title={pageNames.syncs} lead={texts.lead}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data?.syncs.length === 0 && (
        <Panel title={texts.none}>
          <p>{texts.noneHelp}</p>
          <Code text={texts.noneCode} label={texts.noneLabel} />
        </Panel>
      )}
      {data && data.syncs.length > 0 && (
        <section class="panel">
          <Table<SyncSummary>
            caption={texts.list}
            rows={data.syncs}
            keyOf={({ name }) => name}
            columns={[
              { name: texts.name, show: ({ name }) => <Link to={`/syncs/${encodeURIComponent(name)}`}>{name}</Link> },
              { name: texts.way, show: ({ from, to }) => texts.wayOf(from, to) },
              {
                name: texts.state,
                show: ({ running, last }) =>
                  running || last ? <Outcome outcome={(running ?? last)!.outcome} /> : texts.never,
              },
              { name: texts.lastRun, show: ({ last }) => (last ? <Ago at={last.started} /> : texts.never) },
              { name: texts.nextRun, show: ({ next }) => (next === undefined ? texts.byHand : <Ago at={next} />) },
              {
                name: texts.held,
                layout: "end",
                show: ({ held }) => {
                  const count = held.reduce((sum, each) => sum + each.count, 0);
                  return count > 0 ? <Badge tone="warn">{count}</Badge> : <span class="quiet">0</span>;
                },
              },
              { name: texts.people, layout: "end", show: ({ people }) => texts.peopleCount(people) },
            ]}
          />
        </section>
      )}
    </Page>
  );
}
