import type { Line, Look } from "./chart.tsx";

/** The dashes of lines: they differ without colours, too. */
export const DASHES: Readonly<Record<Look, readonly number[]>> = {
  main: [],
  bad: [2, 3],
  second: [8, 4],
  third: [2, 5],
};

interface LegendProps {
  readonly lines: readonly Line[];
  /** The place under the mouse. */
  readonly at: number | null;
  readonly time: string | undefined;
  readonly show: (value: number) => string;
}

/** The names of a chart's lines, and their values under the mouse. */
export function Legend({ lines, at, time, show }: LegendProps) {
  return (
    <ul class="legend">
      {time !== undefined && <li class="number quiet">{time}</li>}
      {lines.map(({ name, look, values }) => {
        const value = at === null ? null : (values[at] ?? null);
        return (
          <li key={name}>
            <svg width="22" height="8" aria-hidden="true">
              <line class={`look-${look}`} x1="0" y1="4" x2="22" y2="4" stroke-dasharray={DASHES[look].join(" ")} />
            </svg>
            {name}
            {value !== null && <span class="number"> {show(value)}</span>}
          </li>
        );
      })}
    </ul>
  );
}
