import { useEffect, useState } from "preact/hooks";
import type { GuardActed, GuardedRoute, GuardOverview, GuardReleased } from "../../src/console/api/guard.ts";
import type { Pace } from "../../src/console/api/pace.ts";
import { useLoaded } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { Code } from "../kit/code.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { pageNames } from "../texts/common.ts";
import { guardTexts as texts } from "../texts/guard.ts";
import { Stopped } from "./guard-stopped.tsx";
import { placeName, Who } from "./guard-who.tsx";
import "../styles/guard.css";

/** How often the page looks again, in milliseconds. */
const EVERY = 5000;

/** What the guard counted and stopped, and what operators do with it. */
export default function Guard() {
  const { data, error, reload } = useLoaded<GuardOverview>("/guard", { every: EVERY });
  return (
    <Page title={pageNames.guard} lead={texts.lead}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data?.routes.length === 0 && (
        <Panel title={texts.none}>
          <p>{texts.noneHelp}</p>
          <Code text={texts.noneCode} label={texts.noneLabel} />
        </Panel>
      )}
      {data?.routes.map((each) => (
        <RouteGuard key={each.route} guarded={each} pace={data.pace} onChanged={reload} />
      ))}
      {data && data.routes.length > 0 && data.unguarded.length > 0 && (
        <p class="quiet">{texts.unguarded(data.unguarded)}</p>
      )}
    </Page>
  );
}

interface RouteGuardProps {
  readonly guarded: GuardedRoute;
  readonly pace: Pace;
  readonly onChanged: () => void;
}

function RouteGuard({ guarded, pace, onChanged }: RouteGuardProps) {
  const { route, limits, types } = guarded;
  const [done, setDone] = useState<{ readonly text: string; readonly acted: GuardActed }>();
  const stopped = types.reduce((sum, { deletes, disables }) => sum + deletes.stopped + disables.stopped, 0);
  const released = types.reduce((sum, { deletes, disables }) => sum + deletes.released + disables.released, 0);
  const finished = (text: string, acted: GuardActed) => {
    setDone({ text, acted });
    onChanged();
  };
  return (
    <Panel title={route}>
      <p class="quiet">{texts.limits(limits)}</p>
      <Counts guarded={guarded} />
      {done && (
        <Notice kind={done.acted.missed.length > 0 ? "warning" : "ok"}>
          {done.acted.count > 0 && <p>{done.text}</p>}
          {done.acted.missed.length > 0 && <p>{texts.missed(done.acted.missed)}</p>}
        </Notice>
      )}
      {stopped === 0 ? (
        <Empty>{texts.nothingStopped}</Empty>
      ) : (
        <Stopped guarded={guarded} pace={pace} onDone={finished} />
      )}
      {released > 0 && <Released route={route} count={released} />}
    </Panel>
  );
}

function Counts({ guarded: { route, limits, types } }: { readonly guarded: GuardedRoute }) {
  const counted = (danger: "deletes" | "disables") => (row: GuardedRoute["types"][number]) => {
    const { counted: count, frees } = row[danger];
    const limit = limits[danger];
    return (
      <>
        <span class="number">{texts.ofLimit(count, limit)}</span>
        {frees !== undefined && limit !== undefined && count >= limit && (
          <span class="quiet">
            {" · "}
            {texts.frees} <Ago at={frees} />
          </span>
        )}
      </>
    );
  };
  return (
    <Table
      caption={texts.types(route)}
      rows={types}
      keyOf={({ type }) => type}
      columns={[
        { name: texts.type, show: ({ type }) => type },
        { name: texts.backend, show: ({ backend }) => `${backend.name} (${backend.type})` },
        { name: texts.deleted, show: counted("deletes") },
        { name: texts.disabled, show: counted("disables") },
        {
          name: texts.stoppedCount,
          show: ({ deletes, disables }) => {
            const count = deletes.stopped + disables.stopped;
            return count > 0 ? <Badge tone="warn">{count}</Badge> : <span class="quiet">{texts.nothing}</span>;
          },
        },
      ]}
    />
  );
}

/** Released changes that the client has not sent again. */
function Released({ route, count }: { readonly route: string; readonly count: number }) {
  const [isOpen, setOpen] = useState(false);
  const { data, error, reload } = useLoaded<{ readonly entries: readonly GuardReleased[] }>(
    isOpen ? `/guard/released?${new URLSearchParams({ route, limit: "200" })}` : undefined,
  );
  useEffect(reload, [count, reload]);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.waiting(count)}</summary>
      <Failure error={error} />
      {data && (
        <Table<GuardReleased>
          caption={texts.waitingTable}
          rows={data.entries}
          keyOf={placeName}
          columns={[
            { name: texts.who, show: (row) => <Who route={route} row={row} />, layout: "grow" },
            { name: texts.change, show: ({ danger }) => texts.changes[danger] },
            { name: texts.releasedAt, show: ({ at }) => <Ago at={at} />, layout: "narrow" },
            { name: texts.by, show: ({ by }) => by },
            { name: texts.why, show: ({ reason }) => reason },
          ]}
        />
      )}
    </details>
  );
}
