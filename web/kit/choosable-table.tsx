import { useEffect, useRef } from "preact/hooks";
import { common } from "../texts/common.ts";
import { Table, type TableProps } from "./table.tsx";

interface ChoosableTableProps<Row> extends Omit<TableProps<Row>, "chosen"> {
  /** The chosen rows of this page, by key. */
  readonly chosen: ReadonlyMap<string, Row>;
  readonly onChoose: (chosen: ReadonlyMap<string, Row>) => void;
  /** What people know a row by. */
  readonly nameOf: (row: Row) => string;
}

/** A table whose rows can be chosen: one, with Shift all from the one chosen before, or the whole page. */
export function ChoosableTable<Row>({ chosen, onChoose, nameOf, ...table }: ChoosableTableProps<Row>) {
  const { rows, keyOf, columns } = table;
  const last = useRef<string>(undefined);
  const all = useRef<HTMLInputElement>(null);
  useEffect(() => {
    all.current!.indeterminate = chosen.size > 0 && chosen.size < rows.length;
  });
  const choose = (row: Row, is: boolean, isRange: boolean) => {
    const next = new Map(chosen);
    for (const each of isRange ? rangeOf(table, last.current, row) : [row])
      is ? next.set(keyOf(each), each) : next.delete(keyOf(each));
    last.current = keyOf(row);
    onChoose(next);
  };
  return (
    <>
      <div class="choose-all">
        <label>
          <input
            ref={all}
            type="checkbox"
            checked={chosen.size === rows.length}
            onChange={({ currentTarget: { checked } }) =>
              onChoose(new Map(checked ? rows.map((row) => [keyOf(row), row]) : []))
            }
          />
          {common.chooseAll}
        </label>
        <span class="quiet" role="status">
          {chosen.size > 0 && common.chosen(chosen.size, rows.length)}
        </span>
      </div>
      <Table<Row>
        {...table}
        columns={[
          {
            name: common.choose,
            layout: "narrow",
            show: (row) => (
              <input
                type="checkbox"
                aria-label={common.chooseOne(nameOf(row))}
                checked={chosen.has(keyOf(row))}
                onClick={({ currentTarget: { checked }, shiftKey }) => choose(row, checked, shiftKey)}
              />
            ),
          },
          ...columns,
        ]}
      />
    </>
  );
}

/** The rows from one to another, whichever comes first; the other alone if the one is not on the page. */
function rangeOf<Row>(
  { rows, keyOf }: Pick<TableProps<Row>, "rows" | "keyOf">,
  from: string | undefined,
  to: Row,
): readonly Row[] {
  const start = rows.findIndex((row) => keyOf(row) === from);
  const end = rows.indexOf(to);
  return start < 0 ? [to] : rows.slice(Math.min(start, end), Math.max(start, end) + 1);
}
