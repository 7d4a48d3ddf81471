import { useEffect, useState } from "preact/hooks";
import type { KnownPage, PeoplePage, PeopleType, PeopleTypes, PersonRow, Way } from "../../src/console/api/people.ts";
import { useLoaded } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { usePages } from "../kit/more.tsx";
import { Empty, Failure, Loading } from "../kit/notice.tsx";
import { Page } from "../kit/page.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { Link, setQuery, usePlace } from "../router.tsx";
import { common, pageNames } from "../texts/common.ts";
import { peopleTexts as texts } from "../texts/people.ts";
import { asking, personAddress } from "./address.ts";

/** How long nothing is typed before a search is asked for, in milliseconds. */
const PAUSE_MS = 300;

const nameOf = (attribute: string): string => texts.attribute[attribute] ?? attribute;
const wayText = ({ by, op }: Way): string => texts.way(nameOf(by), op);
const keyOf = ({ route, type }: Pick<PeopleType, "route" | "type">): string => `${type}@${route}`;

/** The way that was chosen, or the first. */
const wayIn = (ways: readonly Way[], by: string | null): Way | undefined =>
  ways.find((each) => each.by === by) ?? ways[0];

/** The people and groups of a route: all, or those that a search finds. */
export function PeopleList() {
  const { query } = usePlace();
  const { data, error } = useLoaded<PeopleTypes>("/people/types");
  const wanted = query.get("of");
  const chosen = data?.types.find((each) => keyOf(each) === wanted) ?? data?.types[0];
  return (
    <Page title={pageNames.people} lead={texts.lead}>
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data && !chosen && <Empty>{texts.none}</Empty>}
      {data && chosen && (
        <section class="panel" aria-label={texts.kindOf(chosen.type, chosen.route)}>
          <Search types={data.types} chosen={chosen} />
          <Found key={keyOf(chosen)} of={chosen} />
        </section>
      )}
    </Page>
  );
}

function Search({ types, chosen }: { readonly types: readonly PeopleType[]; readonly chosen: PeopleType }) {
  const { query } = usePlace();
  const [text, setText] = useState(query.get("text") ?? "");
  useEffect(() => {
    const timer = setTimeout(() => setQuery({ text: text.trim() }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const by = wayIn(chosen.ways, query.get("by"));
  return (
    <search class="tools">
      {types.length > 1 && (
        <Choice
          label={texts.kind}
          value={keyOf(chosen)}
          options={types.map((each) => [keyOf(each), texts.kindOf(each.type, each.route)])}
          onChange={(of) => setQuery({ of, by: undefined })}
        />
      )}
      {by && (
        <Choice
          label={texts.by}
          value={by.by}
          options={chosen.ways.map((way) => [way.by, wayText(way)])}
          onChange={(each) => setQuery({ by: each })}
        />
      )}
      <Field label={texts.text} type="search" value={text} onInput={setText} placeholder={by && texts.hint[by.op]} />
    </search>
  );
}

function Found({ of: { route, type, shown, ways } }: { readonly of: PeopleType }) {
  const { query } = usePlace();
  const way = wayIn(ways, query.get("by"));
  const text = query.get("text") ?? "";
  const about = { route, type, by: query.get("by") ?? undefined, text: text || undefined };
  const { pages, error, isLoading, add, reload } = usePages<PeoplePage>(asking("list", about));
  const rows = pages.flatMap((page) => page.rows);
  const last = pages.at(-1);
  return (
    <>
      <Failure error={error} />
      {error && !last && (
        <div class="tools">
          <button type="button" onClick={reload}>
            {common.again}
          </button>
        </div>
      )}
      {isLoading && rows.length === 0 && <Loading />}
      {last && rows.length === 0 && <Empty>{texts.nothing(text, way?.op)}</Empty>}
      {last && rows.length === 0 && text !== "" && <Known route={route} type={type} text={text} />}
      {last && rows.length > 0 && (
        <>
          <Table
            caption={texts.list(type)}
            columns={columnsOf({ route, type, shown }, rows)}
            rows={rows}
            keyOf={({ id }) => id}
          />
          <div class="tools">
            {last.next !== undefined && (
              <button
                type="button"
                disabled={isLoading}
                onClick={() => add(asking("list", { ...about, cursor: last.next }))}
              >
                {texts.more}
              </button>
            )}
            <p class="quiet" role="status">
              {texts.count(rows.length, last.total)}
            </p>
          </div>
        </>
      )}
    </>
  );
}

function columnsOf(
  { route, type, shown }: Pick<PeopleType, "route" | "type" | "shown">,
  rows: readonly PersonRow[],
): Column<PersonRow>[] {
  const [first, ...others] = shown;
  const link = ({ id, name }: PersonRow) => <Link to={personAddress(route, type, id)}>{name || id}</Link>;
  return [
    { name: nameOf(first ?? "id"), show: link },
    ...others.map((name): Column<PersonRow> => ({ name: nameOf(name), show: ({ values }) => values[name] ?? "" })),
    ...(rows.some(({ active }) => active !== undefined)
      ? [
          {
            name: nameOf("active"),
            layout: "narrow",
            show: ({ active }) => <State active={active} />,
          } as Column<PersonRow>,
        ]
      : []),
    ...(first === undefined ? [] : [{ name: nameOf("id"), show: ({ id }) => <code>{id}</code> } as Column<PersonRow>]),
  ];
}

/** Whether a person may sign in, as far as the backend says. */
export function State({ active }: { readonly active: boolean | undefined }) {
  if (active === undefined) return null;
  return <Badge tone={active ? "good" : "warn"}>{active ? texts.active : texts.disabled}</Badge>;
}

/** What the journal knows by a name: those who are gone, too. */
function Known({ route, type, text }: { readonly route: string; readonly type: string; readonly text: string }) {
  const { data, error } = useLoaded<KnownPage>(asking("known", { route, type, text }));
  if (error) return <Failure error={error} />;
  if (!data?.rows) return null;
  if (data.rows.length === 0) return <p class="quiet">{texts.knownNothing}</p>;
  return (
    <>
      <h3>{texts.known}</h3>
      <p class="quiet">{texts.knownLead}</p>
      <Table
        caption={texts.known}
        columns={[
          {
            name: nameOf("name"),
            show: ({ id, name }) => <Link to={personAddress(route, type, id)}>{name || id}</Link>,
          },
          { name: texts.last, show: ({ last }) => last.sentence },
          { name: "", layout: "narrow", show: ({ last }) => <Ago at={last.at} /> },
        ]}
        rows={data.rows}
        keyOf={({ id }) => id}
      />
    </>
  );
}
