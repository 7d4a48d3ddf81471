import { useEffect, useRef, useState } from "preact/hooks";
import type { History, HistoryLine } from "../../src/console/api/people.ts";
import { type ApiError, get } from "../api.ts";
import { Badge } from "../kit/badge.tsx";
import { Empty, Failure } from "../kit/notice.tsx";
import { Table } from "../kit/table.tsx";
import { When } from "../kit/time.tsx";
import { isBack, Link } from "../router.tsx";
import { personTexts as texts } from "../texts/people.ts";
import { asking, personAddress } from "./address.ts";

/** What an entry of the journal ended with. */
export const Answer = ({ line: { result, status } }: { readonly line: HistoryLine }) => (
  <Badge tone={result === "success" ? "good" : "bad"}>{String(status)}</Badge>
);

interface HistoryProps {
  readonly of: { readonly route: string; readonly type: string; readonly id: string };
  /** The first page. */
  readonly first: History;
  /** Called once as many pages are shown as there were when somebody left. */
  readonly shown: () => void;
}

/** The history that was shown last, and how many pages of it: whoever opens a request and comes back finds it as it was. */
let left = { of: "", pages: 1 };

const keyOf = ({ route, type, id }: HistoryProps["of"]): string => personAddress(route, type, id);

/** What happened to a resource: its entries in the journal, newest first. */
export function HistoryTable({ of, first, shown }: HistoryProps) {
  const [pages, setPages] = useState<readonly History[]>([first]);
  const [error, setError] = useState<ApiError>();
  const wanted = useRef(isBack() && left.of === keyOf(of) ? left.pages : 1);
  const next = pages.at(-1)?.next;
  const add = (before: string) =>
    get<History>(asking("history", { ...of, before })).then(
      (page) => setPages((all) => [...all, page]),
      (problem: unknown) => setError(problem as ApiError),
    );
  useEffect(() => setPages([first]), [first]);
  useEffect(() => {
    if (pages.length < wanted.current && next !== undefined && !error) void add(next);
    else {
      wanted.current = 1;
      left = { of: keyOf(of), pages: pages.length };
      shown();
    }
  }, [pages, error]);
  const lines = pages.flatMap((page) => page.lines);
  if (lines.length === 0) return <Empty>{texts.historyNothing}</Empty>;
  return (
    <>
      <Table
        caption={texts.history}
        columns={[
          { name: texts.time, layout: "narrow", show: ({ at }) => <When at={at} /> },
          { name: texts.result, layout: "narrow", show: (line) => <Answer line={line} /> },
          {
            name: texts.what,
            layout: "grow",
            show: ({ id, sentence, member }) => (
              <>
                <Link to={`/live/${encodeURIComponent(id)}`}>{sentence}</Link>
                {member && <div class="quiet">{texts.asMember[member]}</div>}
              </>
            ),
          },
          { name: texts.who, show: ({ caller }) => caller },
        ]}
        rows={lines}
        keyOf={({ id }) => id}
      />
      <Failure error={error} />
      {next !== undefined && (
        <div class="tools">
          <button type="button" onClick={() => add(next)}>
            {texts.older}
          </button>
        </div>
      )}
    </>
  );
}
