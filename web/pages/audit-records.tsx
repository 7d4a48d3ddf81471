import { useState } from "preact/hooks";
import type { AuditPage, AuditRow } from "../../src/console/api/audit.ts";
import { Badge, type Tone } from "../kit/badge.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { usePages } from "../kit/more.tsx";
import { Empty, Failure, Loading, Notice } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { Link, setQuery, usePlace } from "../router.tsx";
import { auditTexts as texts } from "../texts/audit.ts";
import { common } from "../texts/common.ts";

const FIELDS = ["kind", "action", "result", "by", "resource", "route", "from", "until"] as const;
type Filter = Partial<Record<(typeof FIELDS)[number], string>>;

/** What the address says is looked for. */
const filterIn = (query: URLSearchParams): Filter =>
  Object.fromEntries(FIELDS.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));

/** Where records are found by a filter, further back from a cursor. Times of a form's field are local. */
function addressOf({ from, until, ...rest }: Filter, next?: string): string {
  const time = (text: string | undefined) => {
    const at = text === undefined ? Number.NaN : new Date(text).getTime();
    return Number.isNaN(at) ? undefined : new Date(at).toISOString();
  };
  const times = Object.entries({ from: time(from), until: time(until) }).filter(([, at]) => at !== undefined);
  return `/audit/records?${new URLSearchParams({ ...rest, ...Object.fromEntries(times), ...(next && { next }) })}`;
}

/** Searches the log from its end backwards, a stretch at a time. */
export function Records() {
  const { query } = usePlace();
  const filter = filterIn(query);
  const { pages, error, isLoading, add, reload } = usePages<AuditPage>(addressOf(filter));
  const rows = pages.flatMap((page) => page.rows);
  const last = pages.at(-1);
  const unreadable = pages.reduce((sum, page) => sum + page.unreadable, 0);
  return (
    <Panel title={texts.search}>
      <Filters key={JSON.stringify(filter)} filter={filter} />
      <Failure error={error} />
      {error && !last && (
        <div class="tools">
          <button type="button" onClick={reload}>
            {common.again}
          </button>
        </div>
      )}
      {unreadable > 0 && <Notice kind="warning">{texts.unreadable(unreadable)}</Notice>}
      {pages[0] && (pages[0].people.length > 0 || pages[0].hasMorePeople) && (
        <p class="quiet">{texts.meant(pages[0].people, pages[0].hasMorePeople)}</p>
      )}
      {rows.length > 0 && <List rows={rows} />}
      {last && rows.length === 0 && <Empty>{last.next ? texts.nothingYet : texts.nothing}</Empty>}
      {isLoading && <Loading />}
      {last?.next && !isLoading && (
        <div class="tools">
          <button type="button" onClick={() => add(addressOf(filter, last.next))}>
            {texts.older}
          </button>
          {last.reached !== undefined && (
            <span class="quiet">
              {texts.reached} <Ago at={last.reached} />.
            </span>
          )}
        </div>
      )}
    </Panel>
  );
}

function Filters({ filter }: { readonly filter: Filter }) {
  const [given, setGiven] = useState(filter);
  const set = (name: keyof Filter) => (value: string) => setGiven({ ...given, [name]: value });
  const none = Object.fromEntries(FIELDS.map((name) => [name, undefined]));
  const submit = (event: Event) => {
    event.preventDefault();
    setQuery({ ...none, ...given });
  };
  const time = (name: "from" | "until") => (
    <div class="field">
      <label for={`audit-${name}`}>{texts[name]}</label>
      <input
        id={`audit-${name}`}
        type="datetime-local"
        value={given[name] ?? ""}
        onInput={(event) => set(name)(event.currentTarget.value)}
      />
    </div>
  );
  return (
    <form class="tools" onSubmit={submit}>
      <Choice
        label={texts.kind}
        value={given.kind ?? ""}
        onChange={(kind) => setQuery({ ...none, ...given, kind })}
        options={[
          ["", texts.kinds.all],
          ...(["writes", "refused", "acts", "log"] as const).map((kind) => [kind, texts.kinds[kind]] as const),
        ]}
      />
      <Choice
        label={texts.action}
        value={given.action ?? ""}
        onChange={(action) => setQuery({ ...none, ...given, action })}
        options={[["", texts.anyAction], ...Object.entries(texts.actions)]}
      />
      <Choice
        label={texts.result}
        value={given.result ?? ""}
        onChange={(result) => setQuery({ ...none, ...given, result })}
        options={[["", texts.anyResult], ...Object.entries(texts.results)]}
      />
      <Field label={texts.by} value={given.by ?? ""} onInput={set("by")} type="search" />
      <Field label={texts.resource} value={given.resource ?? ""} onInput={set("resource")} type="search" />
      <Field label={texts.route} value={given.route ?? ""} onInput={set("route")} type="search" />
      {time("from")}
      {time("until")}
      <button type="submit">{texts.apply}</button>
      {Object.keys(filter).length > 0 && (
        <button type="button" class="plain" onClick={() => setQuery(none)}>
          {texts.clear}
        </button>
      )}
    </form>
  );
}

const word = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** What a record is about, in few words. */
function aboutOf({ record, display }: AuditRow): string {
  const { action, type, backend, entries, id, reason, event } = record;
  const key = word((backend as { readonly key?: unknown } | undefined)?.key);
  const of = Array.isArray(entries) && entries.length > 0 && !display ? texts.entries(entries.length) : "";
  const named = display || key || (event === "refused" ? word(id) : "");
  return [word(action), word(type), named, of, word(reason) && `“${word(reason)}”`].filter(Boolean).join(" ");
}

/** How a result is shown. */
function toneOf(result: unknown): Tone {
  if (result === "ok" || result === "done" || result === "whole") return "good";
  return result === "held" || result === "planned" ? "info" : "bad";
}

const TONES = { unknown: "bad", later: "info", unread: "warn" } as const;

/** How it ended. */
function Result({ row: { record, open } }: { readonly row: AuditRow }) {
  if (open)
    return (
      <details>
        <summary>
          <Badge tone={TONES[open]}>{texts.open[open]}</Badge>
        </summary>
        {texts.openMeans[open]}
      </details>
    );
  return record.result === undefined ? null : <Badge tone={toneOf(record.result)}>{word(record.result)}</Badge>;
}

/** The records of a row: of an outcome, and of the intent before it. */
const Numbers = ({ row: { record, intent } }: { readonly row: AuditRow }) => (
  <>
    {intent && (
      <>
        <Link to={`/audit/${intent.seq}`}>{intent.seq}</Link>,{" "}
      </>
    )}
    <Link to={`/audit/${record.seq}`}>{record.seq}</Link>
  </>
);

const List = ({ rows }: { readonly rows: readonly AuditRow[] }) => (
  <Table<AuditRow>
    caption={texts.table}
    rows={rows}
    keyOf={({ record }) => String(record.seq)}
    columns={[
      { name: texts.number, layout: "narrow", show: (row) => <Numbers row={row} /> },
      { name: texts.time, layout: "narrow", show: ({ record }) => <Ago at={Date.parse(record.time)} /> },
      { name: texts.event, show: ({ record: { event } }) => texts.events[event] ?? event },
      { name: texts.who, show: ({ record: { by, caller } }) => word(by ?? caller) },
      { name: texts.route, show: ({ record: { route, sync } }) => word(route ?? sync) },
      { name: texts.about, layout: "grow", show: aboutOf },
      { name: texts.result, layout: "narrow", show: (row) => <Result row={row} /> },
    ]}
  />
);
