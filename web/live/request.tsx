import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { JournalEntry, LiveEntry, LiveRequest } from "../../src/console/api/live.ts";
import { useLoaded } from "../api.ts";
import { Code } from "../kit/code.tsx";
import { Failure, Loading } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Ago, duration, wholeTime } from "../kit/time.tsx";
import { personAddress } from "../people/address.ts";
import { BackLink, Link, navigate, useKeptScroll } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { requestTexts } from "../texts/live.ts";
import { Result } from "./result.tsx";
import { Timeline } from "./timeline.tsx";

/** One request: what happened, step by step, and how to send it again. */
export function Request({ id }: { readonly id: string }) {
  const { data, error } = useLoaded<LiveEntry>(`/live/entry/${id}`);
  useKeptScroll(data !== undefined);
  const back = <BackLink to="/live" text={backText} />;
  if (!data)
    return (
      <Page title={pageNames.live} tools={back}>
        {error ? <Failure error={error} /> : <Loading />}
      </Page>
    );
  const { entry, answered, servers, commands } = data;
  const { request, steps, ms, sentence } = entry;
  return (
    <Page title={sentence} tools={back}>
      <section class="panel">
        <Facts entry={entry} answered={answered} />
        {entry.isStopped && (
          <p>
            {requestTexts.stopped} <Link to="/guard">{requestTexts.toGuard}</Link>
          </p>
        )}
      </section>
      <Panel title={requestTexts.steps}>
        <Timeline steps={steps} ms={ms} servers={servers} />
      </Panel>
      <Panel title={requestTexts.request}>
        {request === null || request === undefined ? (
          <p class="quiet">{requestTexts.noRequest}</p>
        ) : (
          <>
            <Code text={JSON.stringify(request, undefined, 2)} label={requestTexts.request} />
            {/\[(text|number|secret)\]/.test(JSON.stringify(request)) && <p class="quiet">{requestTexts.hidden}</p>}
          </>
        )}
      </Panel>
      {commands && (
        <Panel title={requestTexts.again}>
          <p class="quiet">{requestTexts.againHint}</p>
          <h3>{requestTexts.curl}</h3>
          <Code text={commands.curl} label={requestTexts.curl} />
          <h3>{requestTexts.explain}</h3>
          <Code text={commands.explain} label={requestTexts.explain} />
        </Panel>
      )}
    </Page>
  );
}

const backText = (to: string) => (/^\/live($|\?)/.test(to) ? requestTexts.back : requestTexts.backTo);

/** The request with an ID: its entry, or, if there are several or none, the list of them. */
export function RequestById({ requestId }: { readonly requestId: string }) {
  const { data, error } = useLoaded<LiveRequest>(`/live/request/${encodeURIComponent(requestId)}`);
  useEffect(() => {
    if (!data) return;
    const [only, ...others] = data.entries;
    const isOne = only !== undefined && others.length === 0;
    navigate(isOne ? `/live/${only}` : `/live?${new URLSearchParams({ requestId })}`, { replace: true });
  }, [data]);
  return <Page title={pageNames.live}>{error ? <Failure error={error} /> : <Loading />}</Page>;
}

/** Who asked for what, when and where, with links to what belongs to it. */
function Facts({ entry, answered }: Pick<LiveEntry, "entry" | "answered">) {
  const { facts } = requestTexts;
  const { at, caller, source, route, requestId, replica, ms, backendMs, type, resource, display, attributes } = entry;
  const all: readonly (readonly [string, ComponentChildren])[] = [
    [facts.answered, <Moment key="answered" at={answered} />],
    [facts.received, <Moment key="received" at={at} />],
    ...(resource === "" && display === ""
      ? []
      : [
          [
            facts.resource,
            <Resource key="" route={route} type={type} resource={resource} display={display} />,
          ] as const,
        ]),
    ...(entry.members ? [[facts.members, <Members key="" route={route} members={entry.members} />] as const] : []),
    ...(attributes.length === 0 ? [] : [[facts.attributes, attributes.join(", ")] as const]),
    [facts.took, facts.ofBackend(duration(ms), duration(backendMs))],
    [facts.caller, facts.from(caller || "unknown", source)],
    [facts.route, route],
    [facts.gateway, replica],
    [
      facts.request,
      <>
        <code>{requestId}</code>{" "}
        <Link to={`/live?requestId=${encodeURIComponent(requestId)}`}>{requestTexts.sameRequest}</Link>
      </>,
    ],
  ];
  return (
    <>
      <p>
        <Result {...entry} />
      </p>
      <dl class="facts">
        {all.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
    </>
  );
}

/** A time as a log has it: in the browser's zone and in UTC. */
const Moment = ({ at }: { readonly at: number }) => (
  <span>
    {wholeTime(at)}, <Ago at={at} />
  </span>
);

/** The resource, with links to its page and its history. One that was not created has neither. */
function Resource({ route, type, resource, display }: Pick<JournalEntry, "route" | "type" | "resource" | "display">) {
  if (resource === "")
    return (
      <>
        {type} {display}{" "}
        <Link to={`/people?${new URLSearchParams({ of: `${type}@${route}`, text: display })}`}>
          {requestTexts.searchFor}
        </Link>
      </>
    );
  return (
    <>
      {type} <Named of={{ route, type, id: resource }} name={display} />{" "}
      <Link to={`/live?resource=${encodeURIComponent(resource)}`}>{requestTexts.history}</Link>
    </>
  );
}

/** A resource by name and ID, with a link to its page if its type is known. */
function Named({ of: { route, type, id }, name }: { readonly of: Of; readonly name: string }) {
  const shown = name || id;
  return (
    <span>
      {type === "" ? shown : <Link to={personAddress(route, type, id)}>{shown}</Link>}
      {name !== "" && (
        <>
          {" "}
          <code>{id}</code>
        </>
      )}
    </span>
  );
}

interface Of {
  readonly route: string;
  readonly type: string;
  readonly id: string;
}

/** How many members are shown at once. */
const MEMBERS = 20;

/** Which members were added and removed, or were to be. */
function Members({ route, members }: MembersProps) {
  const [isWhole, setWhole] = useState(false);
  const words = requestTexts.memberChanges;
  const lists = (["added", "removed", "set"] as const).flatMap((kind) => {
    const list = members[kind];
    return list && (list.length > 0 || kind === "set") ? [[kind, list] as const] : [];
  });
  const count = lists.reduce((sum, [, list]) => sum + list.length, 0);
  return (
    <div class="members">
      {lists.map(([kind, list]) => (
        <div key={kind}>
          {list.length === 0 ? words.emptied : words[kind]}
          <ul>
            {list.slice(0, isWhole ? undefined : MEMBERS).map(({ id, type, name }) => (
              <li key={id}>
                <Named of={{ route, type, id }} name={name} />
              </li>
            ))}
          </ul>
        </div>
      ))}
      {!isWhole && lists.some(([, list]) => list.length > MEMBERS) && (
        <button type="button" class="small" onClick={() => setWhole(true)}>
          {requestTexts.allMembers(count)}
        </button>
      )}
      {members.more > 0 && <p class="quiet">{requestTexts.moreMembers(members.more)}</p>}
    </div>
  );
}

interface MembersProps {
  readonly route: string;
  readonly members: NonNullable<JournalEntry["members"]>;
}
