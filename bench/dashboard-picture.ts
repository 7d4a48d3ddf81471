/** A panel of a dashboard, with what it shows. Times are from 0 to 1. */
export interface Panel {
  readonly title: string;
  readonly column: number;
  readonly row: number;
  readonly unit: string | undefined;
  readonly series: readonly Series[];
}

interface Series {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

const [WIDTH, HEIGHT, GAP] = [312, 190, 12];
const PLOT = { left: 52, top: 34, right: 12, bottom: 40 };
const COLOURS = ["#12806e", "#3b6fd4", "#c2571a", "#8a4bbd", "#b02a5b", "#6b7a12", "#1f7f9c", "#7a5a3a"];
/** Legends of more series than this end in a number. */
const NAMED = 4;

const STYLE = `<style>
    .page { fill: #f6f8fa; stroke: #d1d9e0; }
    .panel { fill: #ffffff; stroke: #d1d9e0; }
    .grid { stroke: #d1d9e0; stroke-width: 1; }
    .series { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
    text { font-family: -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-size: 11px; fill: #59636e; }
    .title { font-size: 13px; font-weight: 600; fill: #1f2328; }
    .end { text-anchor: end; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #1b1b1f; stroke: #3d444d; }
      .panel { fill: #25272d; stroke: #3d444d; }
      .grid { stroke: #3d444d; }
      .series { filter: brightness(1.6); }
      text { fill: #b4bbc4; }
      .title { fill: #f0f6fc; }
    }
  </style>`;

/** A dashboard as SVG. */
export function drawn(panels: readonly Panel[]): string {
  const columns = Math.max(...panels.map(({ column }) => column)) + 1;
  const rows = Math.max(...panels.map(({ row }) => row)) + 1;
  const [width, height] = [columns * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">The dashboard over four minutes</title>
  <desc id="desc">The panels of examples/monitoring/dashboard.json, drawn by bench/dashboard.ts from a gateway on OpenLDAP: ${escaped(panels.map(({ title }) => title).join("; "))}.</desc>
  ${STYLE}
  <rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
${panels.map(panelOf).join("\n")}
</svg>
`;
}

function panelOf({ title, column, row, unit, series }: Panel): string {
  const [x, y] = [GAP + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP)];
  const top = niceAbove(
    Math.max(0, ...series.flatMap(({ points }) => points.map(([, value]) => (Number.isFinite(value) ? value : 0)))),
  );
  const [w, h] = [WIDTH - PLOT.left - PLOT.right, HEIGHT - PLOT.top - PLOT.bottom];
  const placed = (time: number, value: number) =>
    `${(PLOT.left + time * w).toFixed(1)} ${(PLOT.top + h - (value / top) * h).toFixed(1)}`;
  const grid = [0, 0.5, 1].map((share) => {
    const at = (PLOT.top + h - share * h).toFixed(1);
    return `    <path class="grid" d="M${PLOT.left} ${at}h${w}"/><text class="end" x="${PLOT.left - 6}" y="${Number(at) + 4}">${withUnit(share * top, unit)}</text>`;
  });
  const lines = series.map(({ points }, index) => {
    const shown = points.filter(([, value]) => Number.isFinite(value));
    return `    <path class="series" stroke="${COLOURS[index % COLOURS.length]}" d="M${shown.map(([time, value]) => placed(time, value)).join("L")}"/>`;
  });
  return `  <g transform="translate(${x} ${y})">
    <rect class="panel" width="${WIDTH}" height="${HEIGHT}" rx="4"/>
    <text class="title" x="14" y="22">${escaped(title)}</text>
${[...grid, ...lines, legendOf(series)].join("\n")}
  </g>`;
}

function legendOf(series: readonly Series[]): string {
  const entries: string[] = [];
  let [x, shown] = [14, 0];
  for (const [index, { name }] of series.entries()) {
    const room = 24 + name.length * 6;
    if (index >= NAMED || x + room > WIDTH - 40) break;
    entries.push(
      `    <circle cx="${x + 4}" cy="${HEIGHT - 18}" r="4" fill="${COLOURS[index % COLOURS.length]}"/><text x="${x + 13}" y="${HEIGHT - 14}">${escaped(name)}</text>`,
    );
    x += room;
    shown++;
  }
  if (shown < series.length) entries.push(`    <text x="${x}" y="${HEIGHT - 14}">+${series.length - shown}</text>`);
  return entries.join("\n");
}

/** The next round number: 1, 2, 5, 10 and so on. */
function niceAbove(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= value)!;
}

function withUnit(value: number, unit: string | undefined): string {
  if (unit === "bytes") return `${Math.round(value / 1e6)} MB`;
  if (unit === "s") return value < 1 ? `${+(value * 1000).toPrecision(3)} ms` : `${+value.toPrecision(3)} s`;
  return String(+value.toPrecision(3));
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
