import { useState } from "preact/hooks";
import type { SyncDifference, SyncDrift } from "../../src/console/api/syncs.ts";
import { type ApiError, post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { Empty, Failure, Notice } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { syncsTexts as texts } from "../texts/syncs.ts";

/** What of the target is not as syncs wrote it. Looking takes as long as reading the whole target. */
export function Drift({ path }: { readonly path: string }) {
  const isOperator = useMe().role === "operator";
  const [isQuick, setQuick] = useState(false);
  const [failure, setFailure] = useState<ApiError>();
  const { data, error, reload } = useLoaded<SyncDrift>(`${path}/drift`, { every: isQuick ? 1000 : 30_000 });
  if (data && isQuick !== (data.is === "running")) setQuick(data.is === "running");
  const look = async () => {
    setFailure(undefined);
    await post(`${path}/drift`).catch((reason: ApiError) => setFailure(reason));
    reload();
  };
  return (
    <Panel
      title={texts.drift}
      tools={
        isOperator && (
          <button type="button" disabled={data?.is === "running"} onClick={look}>
            {texts.lookForDrift}
          </button>
        )
      }
    >
      <p class="quiet">{texts.driftLead}</p>
      <Failure error={failure ?? error} />
      {data?.is === "none" && <Empty>{texts.driftNone}</Empty>}
      {data?.is === "running" && <p role="status">{texts.driftRunning(data.found)}</p>}
      {data?.is === "failed" && <Notice kind="error">{texts.driftFailed(data.error)}</Notice>}
      {data?.is === "done" && (
        <>
          <Notice kind={data.count === 0 ? "ok" : "warning"}>
            {data.count === 0 ? texts.driftClean : texts.driftFound(data.count)} {texts.looked} <Ago at={data.ended} />.
          </Notice>
          {data.some.length > 0 && (
            <Table<SyncDifference>
              caption={texts.driftTable}
              rows={data.some}
              keyOf={(row) => JSON.stringify(row)}
              columns={[
                { name: texts.what, show: ({ what }) => texts.driftWhat[what] ?? what, layout: "narrow" },
                {
                  name: texts.whose,
                  show: ({ key, id }) =>
                    key === undefined ? (
                      <span class="mono">{id}</span>
                    ) : (
                      <Link to={`${path}/people/${encodeURIComponent(key)}`}>{key}</Link>
                    ),
                },
                { name: texts.where, show: (row) => row.path ?? "" },
                { name: texts.was, show: ({ was }) => was },
                { name: texts.is, show: (row) => row.is },
              ]}
            />
          )}
          {data.count > data.some.length && <p class="quiet">{texts.driftSome(data.some.length)}</p>}
        </>
      )}
    </Panel>
  );
}
