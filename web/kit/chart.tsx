import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "../styles/chart.css";
import { DASHES, Legend } from "./chart-legend.tsx";
import { Table } from "./table.tsx";

/** A line of a chart. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Which of the chart colours it has, and which dashes: lines differ in both. */
  readonly look: Look;
}
/** What a line means: the colours of good and bad are for what is. */
export type Look = "main" | "bad" | "second" | "third";

interface ChartProps {
  readonly title: string;
  /** What the chart shows, in a sentence. */
  readonly summary: string;
  /** Milliseconds since 1970, one for each value. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** Puts a value into words. */
  readonly show: (value: number) => string;
  /** The unit of the values, unless `show` says it. It is written at the axis. */
  readonly unit?: string;
  readonly texts: { readonly time: string; readonly table: string };
}

const HEIGHT = 190;
const MAX_ROWS = 60;
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Lines over time, drawn on a canvas, with the same values as a table. */
export function Chart({ title, summary, times, lines, show, unit, texts }: ChartProps) {
  const shown = (value: number) => (unit === undefined ? show(value) : `${show(value)} ${unit}`);
  const place = useRef<HTMLDivElement>(null);
  const figure = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const shape = lines.map(({ name, look }) => `${name} ${look}`).join();
  useEffect(() => {
    const made = new uPlot(
      optionsOf({ lines, show, unit, figure: figure.current!, width: place.current!.clientWidth, hovered: setAt }),
      dataOf(times, lines),
      place.current!,
    );
    plot.current = made;
    const resized = new ResizeObserver(([entry]) =>
      made.setSize({ width: Math.floor(entry!.contentRect.width), height: HEIGHT }),
    );
    resized.observe(place.current!);
    const stop = onThemeChange(() => made.redraw(false));
    return () => {
      stop();
      resized.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);
  return (
    <figure class="chart" ref={figure}>
      <figcaption>
        <h3>{title}</h3>
        <Legend lines={lines} at={at} show={shown} time={at === null ? undefined : exact.format(times[at])} />
      </figcaption>
      <div class="plot" ref={place} role="img" aria-label={`${title}: ${summary}`} />
      <details>
        <summary>{texts.table}</summary>
        <Values title={title} times={times} lines={lines} show={show} time={texts.time} />
      </details>
    </figure>
  );
}

/** The latest values that there are, latest first. */
function Values({
  title,
  times,
  lines,
  show,
  time,
}: Pick<ChartProps, "title" | "times" | "lines" | "show"> & { readonly time: string }) {
  const rows = times
    .map((_, index) => index)
    .filter((index) => lines.some(({ values }) => values[index]))
    .slice(-MAX_ROWS)
    .reverse();
  const columns = lines.map(({ name, values }) => ({
    name,
    layout: "end" as const,
    show: (index: number) => {
      const value = values[index] ?? null;
      return value === null ? "–" : show(value);
    },
  }));
  return (
    <Table
      caption={title}
      rows={rows}
      keyOf={(index) => String(times[index])}
      columns={[{ name: time, layout: "narrow", show: (index) => exact.format(times[index]) }, ...columns]}
    />
  );
}

const dataOf = (times: readonly number[], lines: readonly Line[]) =>
  [times.map((each) => each / 1000), ...lines.map(({ values }) => values)] as uPlot.AlignedData;

interface Drawing {
  readonly lines: readonly Line[];
  readonly show: (value: number) => string;
  readonly unit: string | undefined;
  readonly figure: HTMLElement;
  readonly width: number;
  readonly hovered: (index: number | null) => void;
}

function optionsOf({ lines, show, unit, figure, width, hovered }: Drawing): uPlot.Options {
  // Colours are those of the theme: read from elements that have them.
  const colour = (look: Look) => () => getComputedStyle(figure.querySelector(`.look-${look}`)!).stroke;
  const quiet = () => getComputedStyle(figure).color;
  const grid = { stroke: () => getComputedStyle(figure).borderTopColor, width: 1 };
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: quiet, grid, ticks: { show: false }, font };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits) => splits.map((each) => clock.format(each * 1000)) },
      {
        ...axis,
        size: 58,
        space: 36,
        ...(unit !== undefined && { label: unit, labelSize: 18, labelGap: 0, labelFont: font }),
        values: (_, splits) => splits.map((each) => (each === 0 ? "0" : show(each))),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, look }) => ({
        label: name,
        stroke: colour(look),
        width: 1.75,
        dash: [...DASHES[look]],
        points: { show: false },
        // A value between two gaps is a line of no length.
        spanGaps: true,
      })),
    ],
    hooks: { setCursor: [({ cursor }) => hovered(cursor.idx ?? null)] },
  };
}

/** Calls back when light becomes dark, or the other way round. */
function onThemeChange(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(changed);
  system.addEventListener("change", changed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", changed);
    chosen.disconnect();
  };
}
