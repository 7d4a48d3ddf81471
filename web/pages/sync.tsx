import { useState } from "preact/hooks";
import type { SyncActed, SyncCount, SyncRun, SyncRunWish, SyncSummary } from "../../src/console/api/syncs.ts";
import { post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { ActDialog } from "../kit/act-dialog.tsx";
import { Done, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { setQuery } from "../router.tsx";
import { common } from "../texts/common.ts";
import { syncsTexts as texts } from "../texts/syncs.ts";
import { Drift } from "./sync-drift.tsx";
import { Moved } from "./sync-moved.tsx";
import { People } from "./sync-people.tsx";
import { Runs } from "./sync-runs.tsx";

/** Something that is asked before it is done. */
interface Asked {
  readonly title: string;
  readonly action: string;
  readonly means: string;
  readonly more?: string;
  readonly reason?: string;
  readonly isDangerous?: boolean;
  readonly act: (reason: string) => Promise<void>;
}

/** One sync: how it stands, what waits for somebody, its people, its runs. */
export function OneSync({ name }: { readonly name: string }) {
  const path = `/syncs/${encodeURIComponent(name)}`;
  const isOperator = useMe().role === "operator";
  const [asked, setAsked] = useState<Asked>();
  const [done, setDone] = useState("");
  /** What was begun, and the last run before it: it is over when there is another. */
  const [begun, setBegun] = useState<{ readonly text: string; readonly before: string }>();
  const [isQuick, setQuick] = useState(false);
  const { data, error, reload } = useLoaded<SyncSummary>(path, { every: isQuick ? 1000 : 5000 });
  if (data && isQuick !== (data.running !== undefined)) setQuick(data.running !== undefined);
  /** Changes whenever people may have changed. */
  const lastRun = `${data?.moved?.plan?.run.ended}-${data?.last?.run}`;
  const version = `${lastRun}-${data?.running?.run}-${done}`;

  const run = (wish: SyncRunWish) => async () => {
    await post(`${path}/run`, wish);
    setDone("");
    setBegun({ text: texts.started(wish.plan === true), before: lastRun });
    reload();
  };
  const act = (body: object) => async (reason: string) => {
    const acted = await post<SyncActed>(`${path}/act`, { ...body, ...(reason && { reason }) });
    const { do: which } = body as { do: string };
    const told = texts.acted[which]?.(acted.count) ?? texts.cancelled;
    setBegun(undefined);
    setDone(acted.unknown.length > 0 ? `${told} ${texts.unknown(acted.unknown)}` : told);
    reload();
  };
  const { to, running, last, isUnreleased, moved, held = [], planned = [] } = data ?? {};
  const told = done || (begun?.before === lastRun ? begun.text : "");
  const dialogs = {
    run: { title: texts.runTitle, action: texts.run, means: texts.runMeans(name, to), act: run({}) },
    plan: { title: texts.planTitle, action: texts.plan, means: texts.planMeans, act: run({ plan: true }) },
    reconcile: {
      title: texts.reconcileTitle,
      action: texts.reconcile,
      means: texts.reconcileMeans(name),
      act: run({ reconcile: true }),
    },
    first: {
      title: texts.firstTitle,
      action: texts.first,
      means: texts.firstMeans([...planned, ...held.filter(({ kind }) => kind !== "adoptions" && kind !== "rehires")]),
      isDangerous: true,
      act: run({ first: true }),
    },
    shrink: {
      title: texts.shrinkTitle,
      action: texts.shrink,
      means: texts.shrinkMeans,
      isDangerous: true,
      act: run({ acceptShrink: true }),
    },
    planSame: {
      title: texts.planSame,
      action: texts.plan,
      means: texts.planSameMeans,
      act: run({ plan: true, reconcile: true, ...(moved && { same: { from: moved.from, to: moved.to } }) }),
    },
    same: {
      title: texts.same,
      action: texts.sameAct,
      means: texts.sameMeans(moved?.plan?.changes ?? []),
      more: texts.sameLinks,
      isDangerous: true,
      act: run({ reconcile: true, ...(moved && { same: { from: moved.from, to: moved.to } }) }),
    },
    cancel: {
      title: texts.cancelTitle,
      action: texts.cancelRun,
      means: texts.cancelMeans,
      act: act({ do: "cancel" }),
    },
  } as const;
  const release = (count: SyncCount): Asked => ({
    title: texts.releaseTitle,
    action: texts.release,
    means: texts.releaseMeans(name, to, [count]),
    more: texts.releaseOnce,
    reason: texts.reason,
    isDangerous: true,
    act: act({ do: "release", kind: count.kind, seen: data?.seen ?? 0 }),
  });

  return (
    <Page
      title={name}
      lead={data && texts.wayOf(data.from, data.to)}
      tools={
        isOperator &&
        data &&
        (running ? (
          <button type="button" class="danger" onClick={() => setAsked(dialogs.cancel)}>
            {texts.cancelRun}
          </button>
        ) : (
          <>
            <button type="button" onClick={() => setAsked(dialogs.plan)}>
              {texts.plan}
            </button>
            <button type="button" onClick={() => setAsked(dialogs.reconcile)}>
              {texts.reconcile}
            </button>
            <button type="button" class="primary" onClick={() => setAsked(dialogs.run)}>
              {texts.run}
            </button>
          </>
        ))
      }
    >
      <Failure error={error} />
      {!data && !error && <Loading />}
      {!isOperator && <p class="quiet">{common.viewerOnly}</p>}
      {data?.next !== undefined && (
        <p class="quiet">
          {texts.next} <Ago at={data.next} />
          {data.nextReconcile !== undefined && (
            <>
              , {texts.nextReconcile} <Ago at={data.nextReconcile} />
            </>
          )}
        </p>
      )}
      {told && !running && <Done text={told} />}
      {running && <Underway run={running} />}
      {moved && !running && (
        <Moved
          moved={moved}
          isOperator={isOperator}
          onPlan={() => setAsked(dialogs.planSame)}
          onSame={() => setAsked(dialogs.same)}
        />
      )}
      {data && !running && isUnreleased && last && (
        <Notice kind="warning">
          <p>{moved ? texts.unreleasedMoved : texts.unreleased}</p>
          {isOperator && (
            <button type="button" onClick={() => setAsked(dialogs.first)}>
              {texts.firstTitle} …
            </button>
          )}
        </Notice>
      )}
      {!running && last?.error && (
        <Notice kind="error">
          <p>{texts.failedLast(last.error)}</p>
          {isOperator && last.error.includes("--accept-shrink") && (
            <button type="button" onClick={() => setAsked(dialogs.shrink)}>
              {texts.shrinkTitle} …
            </button>
          )}
        </Notice>
      )}
      {data?.notBefore !== undefined && (
        <p class="quiet">
          {texts.notBefore} <Ago at={data.notBefore} />
        </p>
      )}
      {held.length > 0 && !isUnreleased && (
        <Notice kind="warning">
          <p class="strong">{texts.heldTitle(held)}</p>
          {data!.limits.map((each) => (
            <p key={each.kind}>
              {texts.heldBy(each)} (<code>{texts.heldSetting(name, each.kind)}</code>).
            </p>
          ))}
          {data!.limits.length > 0 && <p>{texts.heldLead}</p>}
          <div class="tools">
            <button type="button" onClick={() => setQuery({ show: "held" })}>
              {texts.show}
            </button>
            {isOperator &&
              !running &&
              held
                .filter(({ kind }) => kind !== "rehires")
                .map((count) => (
                  <button key={count.kind} type="button" onClick={() => setAsked(release(count))}>
                    {texts.releaseKind(count)}
                  </button>
                ))}
          </div>
        </Notice>
      )}
      {data && <People summary={data} version={version} seen={data.seen} onAct={act} />}
      <Runs path={path} name={name} version={version} />
      {data?.to !== undefined && <Drift path={path} />}
      {asked && (
        <ActDialog
          title={asked.title}
          action={asked.action}
          isDangerous={asked.isDangerous ?? false}
          {...(asked.reason && { reason: asked.reason })}
          onAct={asked.act}
          onClose={() => setAsked(undefined)}
        >
          <p class="strong">{asked.means}</p>
          {asked.more && <p>{asked.more}</p>}
        </ActDialog>
      )}
    </Page>
  );
}

/** A run that is under way, and how far it is. */
function Underway({ run }: { readonly run: SyncRun }) {
  const phase = run.phase === undefined ? undefined : texts.phases[run.phase]?.(run.read);
  return (
    <section class="panel" aria-live="polite">
      <div class="head">
        <h2>{texts.isRunning}</h2>
        <p class="quiet">
          {run.cause}, {texts.since} <Ago at={run.started} />
        </p>
      </div>
      <p>{phase}</p>
      {run.counts.length > 0 && (
        <Table<SyncRun["counts"][number]>
          caption={texts.progress}
          rows={run.counts}
          keyOf={({ kind }) => kind}
          columns={[
            { name: texts.kind, show: ({ kind }) => texts.kindName(kind), layout: "grow" },
            { name: texts.plannedCount, show: ({ count }) => count, layout: "end" },
            { name: texts.doneCount, show: (row) => row.done, layout: "end" },
            { name: texts.failedCount, show: ({ failed }) => failed, layout: "end" },
          ]}
        />
      )}
    </section>
  );
}
