import { useState } from "preact/hooks";
import type { SyncActed, SyncAttribute, SyncPersonPage, SyncSummary } from "../../src/console/api/syncs.ts";
import { post, useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { ActDialog } from "../kit/act-dialog.tsx";
import { Badge } from "../kit/badge.tsx";
import { Code } from "../kit/code.tsx";
import { Done, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { personAddress } from "../people/address.ts";
import { Link } from "../router.tsx";
import { syncsTexts, personTexts as texts } from "../texts/syncs.ts";
import { Changes, State } from "./sync-people.tsx";

interface Asked {
  readonly title: string;
  readonly action: string;
  readonly means: string;
  readonly hasReason: boolean;
  readonly typed?: { readonly label: string; readonly text: string };
  readonly body: object;
}

/** Everything that a sync knows of one person, and what will be done and why. */
export function OnePerson({ sync, person }: { readonly sync: string; readonly person: string }) {
  const path = `/syncs/${encodeURIComponent(sync)}`;
  const isOperator = useMe().role === "operator";
  const [asked, setAsked] = useState<Asked>();
  const [done, setDone] = useState("");
  const { data, error, reload } = useLoaded<SyncPersonPage>(`${path}/person?${new URLSearchParams({ key: person })}`, {
    every: 10_000,
  });
  const { data: summary, reload: again } = useLoaded<SyncSummary>(path, { every: 10_000 });
  const act = async (body: object, reason: string) => {
    const acted = await post<SyncActed>(`${path}/act`, { ...body, ...(reason && { reason }) });
    setDone(syncsTexts.acted[(body as { do: string }).do]!(acted.count));
    reload();
    again();
  };
  const key = data?.page.key ?? person;
  const planned = data?.page.planned;
  const seen = summary?.seen ?? 0;
  const isHeld = planned?.held === true;
  const of = planned?.of;
  const release = (means: string, more: object, title: string, action: string): Asked => ({
    title,
    action,
    means,
    hasReason: true,
    body: { do: "release", people: [key], seen, ...more },
  });
  return (
    <Page
      title={data?.display || key}
      tools={
        isOperator &&
        data && (
          <>
            {isHeld && planned && planned.kind !== "rehires" && (
              <button
                type="button"
                class="primary"
                onClick={() =>
                  setAsked(
                    release(
                      syncsTexts.releaseMeans(sync, summary?.to, [{ kind: planned.kind, count: 1 }]),
                      {},
                      syncsTexts.releaseTitle,
                      syncsTexts.release,
                    ),
                  )
                }
              >
                {syncsTexts.release} …
              </button>
            )}
            <button
              type="button"
              onClick={() =>
                setAsked({
                  title: syncsTexts.retryTitle,
                  action: syncsTexts.retry,
                  means: syncsTexts.retryMeans(1),
                  hasReason: false,
                  body: { do: "retry", people: [key] },
                })
              }
            >
              {syncsTexts.retry}
            </button>
            <button
              type="button"
              class="plain"
              onClick={() =>
                setAsked({
                  title: syncsTexts.forgetTitle,
                  action: syncsTexts.forget,
                  means: syncsTexts.forgetMeans(1),
                  hasReason: true,
                  typed: { label: syncsTexts.forgetType(1), text: "1" },
                  body: { do: "forget", people: [key], count: 1 },
                })
              }
            >
              {syncsTexts.forget} …
            </button>
          </>
        )
      }
    >
      <p>
        <Link to={path}>{texts.back(sync)}</Link>
      </p>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {done && <Done text={done} />}
      {data && (
        <>
          <Next data={data} />
          {planned?.kind === "rehires" && of !== undefined && (
            <Panel title={texts.rehireTitle}>
              <p>{texts.rehireLead(of)}</p>
              {isOperator && (
                <div class="tools">
                  <button
                    type="button"
                    onClick={() =>
                      setAsked(release(texts.rehireAsMeans(of, key), { as: of }, texts.rehireTitle, texts.decide))
                    }
                  >
                    {texts.rehireAs(of)}
                  </button>
                  <button
                    type="button"
                    onClick={() =>
                      setAsked(release(texts.rehireNewMeans(key), { isNew: true }, texts.rehireTitle, texts.decide))
                    }
                  >
                    {texts.rehireNew}
                  </button>
                </div>
              )}
            </Panel>
          )}
          <Facts data={data} />
          <Attributes data={data} />
          <Panel title={texts.source}>
            <Code text={JSON.stringify(data.page.source, undefined, 2)} label={texts.sourceLabel} />
          </Panel>
        </>
      )}
      {asked && (
        <ActDialog
          title={asked.title}
          action={asked.action}
          isDangerous={asked.hasReason}
          {...(asked.hasReason && { reason: syncsTexts.reason })}
          {...(asked.typed && { typed: asked.typed })}
          onAct={(reason) => act(asked.body, reason)}
          onClose={() => setAsked(undefined)}
        >
          <p class="strong">{asked.means}</p>
        </ActDialog>
      )}
    </Page>
  );
}

/** What will be done, and why; or why nothing can be done. */
function Next({ data: { page, line } }: { readonly data: SyncPersonPage }) {
  const { planned, error, why, overridden, warnings = [] } = page;
  return (
    <Panel title={texts.next}>
      {planned ? (
        <>
          <p class="strong">{texts.will(planned.kind, planned.reason)}</p>
          {planned.held && <Notice kind="warning">{texts.held}</Notice>}
          {line && <Changes changes={line.changes} />}
        </>
      ) : (
        !error && <p>{why ?? texts.nothing}</p>
      )}
      {error && (
        <Notice kind="error">
          <p>{error.message}</p>
          <p class="quiet">
            {error.code}, {texts.attempts(error.attempts)} {error.since && <Ago at={Date.parse(error.since)} />}.{" "}
            {texts.nextTry}: {error.nextTry ? <Ago at={Date.parse(error.nextTry)} /> : texts.noNextTry}
          </p>
        </Notice>
      )}
      {overridden && <p>{texts.overridden}</p>}
      {warnings.length > 0 && (
        <ul>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Facts({ data: { page, line, target } }: { readonly data: SyncPersonPage }) {
  const time = (at: string | undefined) => (at === undefined ? "" : <Ago at={Date.parse(at)} />);
  const { missingSince, left, lastAction, waitsForEntraSince, nextDue, groups } = page;
  return (
    <Panel title={texts.facts}>
      <dl>
        <dt>{texts.state}</dt>
        <dd>{line && <State person={line} />}</dd>
        <dt>{texts.key}</dt>
        <dd class="mono">{page.key}</dd>
        <dt>{texts.account}</dt>
        <dd>
          <span class="mono">{page.account ?? texts.noAccount}</span>{" "}
          {target && <Link to={personAddress(target.route, target.type, target.id)}>{texts.openAccount}</Link>}
        </dd>
        {missingSince && (
          <>
            <dt>{texts.missing}</dt>
            <dd>{time(missingSince)}</dd>
          </>
        )}
        {left && (
          <>
            <dt>{texts.left}</dt>
            <dd>
              {time(left.since)}: {left.why}
            </dd>
          </>
        )}
        {lastAction && (
          <>
            <dt>{texts.lastAction}</dt>
            <dd>
              {time(lastAction.at)}: {lastAction.did}
            </dd>
          </>
        )}
        {waitsForEntraSince && (
          <>
            <dt>{texts.waitsForEntra}</dt>
            <dd>{time(waitsForEntraSince)}</dd>
          </>
        )}
        {nextDue && (
          <>
            <dt>{texts.nextDue}</dt>
            <dd>{Date.parse(nextDue) <= Date.now() ? texts.withNextRun : time(nextDue)}</dd>
          </>
        )}
        {groups && (
          <>
            <dt>{texts.groups}</dt>
            <dd>{groups.join(", ")}</dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function Attributes({ data: { attributes, account } }: { readonly data: SyncPersonPage }) {
  if (account.is === "none") return null;
  const value = (text: string | undefined) => (text ? text : <span class="quiet">{texts.empty}</span>);
  return (
    <Panel title={texts.attributes}>
      {account.is === "unread" && <Notice kind="warning">{texts.unread(account.error ?? "")}</Notice>}
      {account.is === "gone" && <Notice kind="warning">{texts.goneNow}</Notice>}
      <Table<SyncAttribute>
        caption={texts.attributesTable}
        rows={attributes}
        keyOf={({ name }) => name}
        columns={[
          { name: texts.attribute, show: ({ name }) => <span class="mono">{name}</span> },
          { name: texts.applied, show: ({ applied }) => value(applied) },
          { name: texts.confirmed, show: ({ confirmed }) => value(confirmed) },
          ...(account.is === "read"
            ? [
                {
                  name: texts.now,
                  show: ({ now, isChanged }: SyncAttribute) => (
                    <>
                      {value(now)} {isChanged && <Badge tone="warn">{texts.changed}</Badge>}
                    </>
                  ),
                },
              ]
            : []),
        ]}
      />
    </Panel>
  );
}
