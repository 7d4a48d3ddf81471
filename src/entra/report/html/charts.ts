import type { ReportData, TimelinePoint } from "../data.ts";
import { count, counted, duration, rate } from "../words.ts";
import { html, type Markup } from "./markup.ts";

/** The size of the drawing in its own units; it is as wide as the page. */
const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 58;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 30;
const PLOT = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM } as const;

/** A scale from 0 to a round number above the largest value, with grid lines. */
interface Scale {
  readonly top: number;
  readonly lines: readonly number[];
}

function scaleTo(largest: number): Scale {
  const least = Math.max(largest, 1e-3) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= least)!;
  const lines = [...Array(Math.max(1, Math.ceil(largest / step - 1e-9)) + 1).keys()].map((each) => each * step);
  return { top: lines.at(-1)!, lines };
}

const yOf = (value: number, { top }: Scale): number => TOP + PLOT.height * (1 - value / top);
const fixed = (value: number): string => value.toFixed(1);

/** Time along the bottom, `0:00`, minutes and seconds, or hours. */
function clock(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

interface Chart {
  readonly name: string;
  readonly title: string;
  readonly says: string;
  readonly scale: Scale;
  readonly unit: (value: number) => string;
  readonly content: Markup;
  readonly seconds: number;
}

const draw = ({ name, title, says, scale, unit, content, seconds }: Chart): Markup => html`
<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${name}-title ${name}-says">
<title id="${name}-title">${title}</title><desc id="${name}-says">${says}</desc>
${scale.lines.map((value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(yOf(value, scale))}" y2="${fixed(yOf(value, scale))}"/><text x="${LEFT - 8}" y="${fixed(yOf(value, scale) + 4)}" text-anchor="end">${unit(value)}</text>`)}
${content}
${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<text x="${fixed(LEFT + PLOT.width * share)}" y="${HEIGHT - 10}" text-anchor="${share === 0 ? "start" : share === 1 ? "end" : "middle"}">${clock(seconds * share)}</text>`)}
</svg>`;

/** Two charts over time, requests per second and response times, with the same data as a table. Nothing without requests. */
export function charts({ timeline, total }: ReportData): Markup | undefined {
  const { points, bucketSeconds } = timeline;
  if (points.length === 0) return undefined;
  const seconds = points.length * bucketSeconds;
  const slot = PLOT.width / points.length;
  const xOf = (index: number) => LEFT + slot * index;
  const rates = scaleTo(Math.max(...points.map(({ perSecond }) => perSecond)));
  const times = scaleTo(Math.max(...points.map(({ p95Ms }) => p95Ms)));
  const bar = (point: TimelinePoint, index: number): Markup => {
    const failed = point.perSecond * (point.failures / Math.max(1, point.requests));
    const width = fixed(Math.max(slot - (slot > 4 ? 1 : 0), 0.5));
    const rect = (name: string, from: number, to: number) =>
      to > from &&
      html`<rect class="${name}" x="${fixed(xOf(index))}" y="${fixed(yOf(to, rates))}" width="${width}" height="${fixed(yOf(from, rates) - yOf(to, rates))}"/>`;
    return html`<g><title>${clock(point.fromSeconds)}: ${rate(point.perSecond)} a second, ${counted(point.failures, "failure")}</title>${rect("bar", failed, point.perSecond)}${rect("failed", 0, failed)}</g>`;
  };
  const line = (name: "p50" | "p95", pick: (point: TimelinePoint) => number): Markup => {
    const places = points.flatMap((point, index) =>
      point.requests === 0 ? [] : [`${fixed(xOf(index) + slot / 2)},${fixed(yOf(pick(point), times))}`],
    );
    const drawn =
      places.length === 1
        ? `${LEFT},${places[0]!.split(",")[1]} ${WIDTH - RIGHT},${places[0]!.split(",")[1]}`
        : places.join(" ");
    return html`<polyline class="${name}" points="${drawn}"/>`;
  };
  return html`
<figure><figcaption>Requests a second</figcaption>
${draw({ name: "rate", title: "Requests a second", says: `${rate(total.perSecond)} a second on average, ${rate(total.peakPerSecond)} at most.`, scale: rates, unit: rate, content: html`${points.map(bar)}`, seconds })}
<div class="key soft"><span><svg class="swatch" viewBox="0 0 10 7" aria-hidden="true"><rect width="10" height="7" fill="var(--mark)"/></svg>answered</span><span><svg class="swatch" viewBox="0 0 10 7" aria-hidden="true"><rect width="10" height="7" fill="var(--fault)"/></svg>failed</span></div></figure>
<figure><figcaption>Time to answer</figcaption>
${draw({ name: "times", title: "Time to answer", says: `p50 ${duration(total.p50Ms)}, p95 ${duration(total.p95Ms)} over all.`, scale: times, unit: duration, content: html`${line("p50", ({ p50Ms }) => p50Ms)}${line("p95", ({ p95Ms }) => p95Ms)}`, seconds })}
<div class="key soft"><span><svg class="swatch" viewBox="0 0 10 7" aria-hidden="true"><rect y="2" width="10" height="3" fill="var(--mark)"/></svg>p50: half of the requests took no longer</span><span><svg class="swatch" viewBox="0 0 10 7" aria-hidden="true"><rect y="2" width="4" height="3" fill="var(--mark-2)"/><rect x="6" y="2" width="4" height="3" fill="var(--mark-2)"/></svg>p95: 95 of 100 took no longer</span></div></figure>
<p class="soft small">Minutes and seconds of sending; pauses between two commands are left out.</p>
<details><summary>The same as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Requests over time"><table><thead><tr><th scope="col">From</th><th scope="col" class="number">Requests</th><th scope="col" class="number">A second</th><th scope="col" class="number">Failed</th><th scope="col" class="number">p50</th><th scope="col" class="number">p95</th></tr></thead><tbody>
${points.map((point) => html`<tr><th scope="row">${clock(point.fromSeconds)}</th><td class="number">${count(point.requests)}</td><td class="number">${rate(point.perSecond)}</td><td class="number">${count(point.failures)}</td><td class="number">${duration(point.p50Ms)}</td><td class="number">${duration(point.p95Ms)}</td></tr>`)}
</tbody></table></div></details>`;
}
