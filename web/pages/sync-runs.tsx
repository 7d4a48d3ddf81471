import type { SyncRun, SyncRuns } from "../../src/console/api/syncs.ts";
import { useLoaded } from "../api.ts";
import { Empty, Failure, Loading } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Pager, usePaging } from "../kit/pager.tsx";
import { Table } from "../kit/table.tsx";
import { Ago, duration } from "../kit/time.tsx";
import { syncsTexts as texts } from "../texts/syncs.ts";
import { Outcome } from "./sync-outcome.tsx";

interface RunsProps {
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** The history of a sync: its runs and releases. */
export function Runs({ path, name, version }: RunsProps) {
  const paging = usePaging(path);
  const query = new URLSearchParams({ limit: "10", ...(paging.at !== undefined && { before: paging.at }) });
  const { data, error } = useLoaded<SyncRuns>(`${path}/runs?${query}`, { version });
  return (
    <Panel title={texts.runs}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data?.runs.length === 0 && <Empty>{texts.noRuns}</Empty>}
      {data && data.runs.length > 0 && (
        <Table<SyncRun>
          caption={texts.runsTable(name)}
          rows={data.runs}
          keyOf={({ run }) => String(run)}
          columns={[
            { name: texts.number, show: ({ run }) => run, layout: "narrow" },
            { name: texts.started_, show: ({ started }) => <Ago at={started} />, layout: "narrow" },
            { name: texts.cause, show: ({ cause }) => cause },
            { name: texts.outcome, show: ({ outcome }) => <Outcome outcome={outcome} />, layout: "narrow" },
            { name: texts.did, layout: "grow", show: (run) => <Did run={run} /> },
          ]}
        />
      )}
      <Pager paging={paging} next={data?.next === undefined ? undefined : String(data.next)} />
    </Panel>
  );
}

function Did({ run }: { readonly run: SyncRun }) {
  return (
    <>
      {texts.didOf(run, run.ended === undefined ? "" : duration(run.ended - run.started))}
      {run.error && <p class="quiet">{run.error}</p>}
      {run.problems.length > 0 && (
        <details>
          <summary>{texts.problems(run.problems.length, run.unusable)}</summary>
          <ul>
            {run.problems.map(({ about, reason }) => (
              <li key={about}>
                {about}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
