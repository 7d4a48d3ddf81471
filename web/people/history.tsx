import { useEffect, useState } from "preact/hooks";
import type { History, HistoryLine } from "../../src/console/api/people.ts";
import { type ApiError, get } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { Empty, Failure } from "../kit/notice.tsx";
import { Table } from "../kit/table.tsx";
import { Ago } from "../kit/time.tsx";
import { Link } from "../router.tsx";
import { personTexts as texts } from "../texts/people.ts";
import { asking } from "./address.ts";

/** What an entry of the journal ended with. */
export const Answer = ({ line: { result, status } }: { readonly line: HistoryLine }) => (
  <Badge tone={result === "success" ? "good" : "bad"}>{String(status)}</Badge>
);

interface HistoryProps {
  readonly of: { readonly route: string; readonly type: string; readonly id: string };
  /** The first page. */
  readonly first: History;
}

/** What happened to a resource: its entries in the journal, newest first. */
export function HistoryTable({ of, first }: HistoryProps) {
  const [older, setOlder] = useState<readonly History[]>([]);
  const [error, setError] = useState<ApiError>();
  useEffect(() => setOlder([]), [first]);
  const pages = [first, ...older];
  const next = pages.at(-1)?.next;
  const add = () =>
    get<History>(asking("history", { ...of, before: next })).then(
      (page) => setOlder((before) => [...before, page]),
      (problem: unknown) => setError(problem as ApiError),
    );
  const lines = pages.flatMap((page) => page.lines);
  if (lines.length === 0) return <Empty>{texts.historyNothing}</Empty>;
  return (
    <>
      <Table
        caption={texts.history}
        columns={[
          { name: texts.time, layout: "narrow", show: ({ at }) => <Ago at={at} /> },
          { name: texts.result, layout: "narrow", show: (line) => <Answer line={line} /> },
          {
            name: texts.what,
            show: ({ id, sentence }) => <Link to={`/live/${encodeURIComponent(id)}`}>{sentence}</Link>,
          },
          { name: texts.who, layout: "narrow", show: ({ caller }) => caller },
        ]}
        rows={lines}
        keyOf={({ id }) => id}
      />
      <Failure error={error} />
      {next !== undefined && (
        <div class="tools">
          <button type="button" onClick={add}>
            {texts.older}
          </button>
        </div>
      )}
    </>
  );
}
