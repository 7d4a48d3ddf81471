import type { ComponentChildren } from "preact";

/** A column of a table. */
export interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ComponentChildren;
  /** `grow` takes what room is left; `end` is for numbers; `narrow` is as wide as its content. */
  readonly layout?: "grow" | "end" | "narrow";
}

/** What a table is made of. */
export interface TableProps<Row> {
  /** What the table is, for those who don't see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The row that is chosen. */
  readonly chosen?: string | undefined;
}

/** A table. On narrow screens each row becomes a block with its columns' names. */
export function Table<Row>({ caption, columns, rows, keyOf, chosen }: TableProps<Row>) {
  return (
    <div class="scroll">
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, layout }) => (
              <th key={name} scope="col" class={layout}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={keyOf(row) === chosen ? "chosen" : ""}>
              {columns.map(({ name, show, layout }) => (
                <td key={name} class={layout} data-name={name}>
                  <div>{show(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
