import type { ComponentChildren } from "preact";
import type { JournalEntry, LiveEntry } from "../../src/console/api/live.ts";
import { useLoaded } from "../api.ts";
import { Code } from "../kit/code.tsx";
import { Failure, Loading } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { duration } from "../kit/time.tsx";
import { Link, usePlace } from "../router.tsx";
import { pageNames } from "../texts/common.ts";
import { requestTexts } from "../texts/live.ts";
import { Result } from "./result.tsx";
import { Timeline } from "./timeline.tsx";

const time = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "full",
  timeStyle: "long",
});

/** One request: what happened, step by step, and how to send it again. */
export function Request({ id }: { readonly id: string }) {
  const { data, error } = useLoaded<LiveEntry>(`/live/entry/${id}`);
  const { query } = usePlace();
  const back = (
    <Link to={`/live${query.size > 0 ? `?${query}` : ""}`} class="button">
      {requestTexts.back}
    </Link>
  );
  if (!data)
    return (
      <Page title={pageNames.live} tools={back}>
        {error ? <Failure error={error} /> : <Loading />}
      </Page>
    );
  const { entry, commands } = data;
  const { request, steps, ms, sentence } = entry;
  return (
    <Page title={sentence} tools={back}>
      <section class="panel">
        <Facts entry={entry} />
      </section>
      <Panel title={requestTexts.steps}>
        <Timeline steps={steps} ms={ms} />
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

/** Who asked for what, when and where, with links to what belongs to it. */
function Facts({ entry }: { readonly entry: JournalEntry }) {
  const { facts } = requestTexts;
  const { at, caller, source, route, requestId, replica, ms, backendMs, type, resource, display, attributes } = entry;
  const all: readonly (readonly [string, ComponentChildren])[] = [
    [facts.time, <time dateTime={new Date(at).toISOString()}>{time.format(at)}</time>],
    ...(resource === ""
      ? []
      : [[facts.resource, <Resource key="" {...{ route, type, resource, display }} />] as const]),
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

/** The resource, with links to its page and its history. */
function Resource({ route, type, resource, display }: Pick<JournalEntry, "route" | "type" | "resource" | "display">) {
  const path = [route, type, resource].map(encodeURIComponent).join("/");
  return (
    <>
      {type} <Link to={`/people/${path}`}>{display || resource}</Link>
      {display !== "" && (
        <>
          {" "}
          <code>{resource}</code>
        </>
      )}{" "}
      <Link to={`/live?resource=${encodeURIComponent(resource)}`}>{requestTexts.history}</Link>
    </>
  );
}
