/** The report's style: one column on a phone, light or dark like the reader's system, and printable. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --raised: #f6f7f9; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0;
  --link: #0b5cad; --fault: #b42318; --fault-soft: #fdecea; --warning: #8a5a00; --warning-soft: #fdf3dc; --note: #3b5b7d;
  --note-soft: #e9f0f7; --good: #1a6b3c; --good-soft: #e4f4ea; --mark: #2f6db5; --mark-2: #c2621b; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --raised: #1d2126; --ink: #e4e8ec; --soft: #9aa5b1; --line: #343a42;
  --link: #79b4f2; --fault: #ff8f84; --fault-soft: #3a1f1d; --warning: #e8b956; --warning-soft: #352a14; --note: #9fbfe0;
  --note-soft: #1e2a37; --good: #74cf98; --good-soft: #173023; --mark: #6ba6e8; --mark-2: #e89a5d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .4rem 0; max-width: 48rem; }
a { color: var(--link); }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
code, pre { font: .84rem/1.5 ui-monospace, "Cascadia Mono", Menlo, monospace; }
code { background: var(--raised); border-radius: 4px; padding: .05rem .25rem; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; max-height: 28rem; overflow: auto;
  padding: .6rem .75rem; white-space: pre-wrap; }
nav { border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 1rem 0; padding-bottom: .6rem; }
.verdict { border-left: 4px solid var(--line); border-radius: 4px; font-weight: 600; margin: 1rem 0; max-width: none; padding: .6rem .9rem; }
.verdict.fault { background: var(--fault-soft); border-color: var(--fault); color: var(--fault); }
.verdict.good { background: var(--good-soft); border-color: var(--good); color: var(--good); }
.tiles { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(max(7rem, 18%), 1fr)); margin: 1rem 0; }
.tile { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .7rem; }
.tile dt { color: var(--soft); font-size: .84rem; }
.tile dd { font-size: 1.25rem; font-variant-numeric: tabular-nums; font-weight: 600; line-height: 1.3; margin: 0; white-space: nowrap; }
.tile dd.words { font-size: 1rem; line-height: 1.6; }
.scroll { border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .65rem; text-align: left; vertical-align: top; white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
th { font-size: .84rem; font-weight: 600; }
thead th { background: var(--raised); color: var(--soft); vertical-align: bottom; }
thead .number { white-space: normal; overflow-wrap: normal; }
.number { text-align: right; }
td.wide { min-width: 14rem; overflow-wrap: anywhere; white-space: normal; }
details { margin: .4rem 0; }
summary { cursor: pointer; }
summary:focus-visible, a:focus-visible, input:focus-visible + label { outline: 2px solid var(--link); outline-offset: 2px; }
.finding { border: 1px solid var(--line); border-left-width: 4px; border-radius: 8px; margin: .75rem 0; padding: .75rem 1rem; }
.finding.fault { border-left-color: var(--fault); }
.finding.warning { border-left-color: var(--warning); }
.finding.note { border-left-color: var(--note); }
.finding header, .person > summary, .exchange > summary { align-items: baseline; display: flex; flex-wrap: wrap; gap: .15rem .6rem; }
.person > summary::before, .exchange > summary::before { color: var(--soft); content: "\\25B8"; }
.person[open] > summary::before, .exchange[open] > summary::before { content: "\\25BE"; }
.tag { border-radius: 99px; font-size: .78rem; font-weight: 600; padding: .05rem .55rem; white-space: nowrap; }
.tag.fault, .tag.failure { background: var(--fault-soft); color: var(--fault); }
.tag.warning { background: var(--warning-soft); color: var(--warning); }
.tag.note, .tag.skipped { background: var(--note-soft); color: var(--note); }
.tag.success { background: var(--good-soft); color: var(--good); }
.change { border-left: 3px solid var(--line); padding-left: .7rem; }
.person { border-bottom: 1px solid var(--line); margin: 0; padding: .45rem 0; }
.inner { margin: .4rem 0 .8rem 1.1rem; }
.inner h4 { color: var(--soft); font-size: .84rem; margin: .9rem 0 .2rem; }
.pairs { display: grid; gap: .1rem 1rem; grid-template-columns: minmax(7rem, auto) 1fr; margin: .2rem 0; }
.pairs dt { color: var(--soft); }
.pairs dd { margin: 0; }
ol.steps { margin: .2rem 0; padding-left: 1.3rem; }
.filter { border: 1px solid var(--line); border-radius: 8px; margin: .75rem 0; padding: .1rem .8rem .4rem; }
.filter input { margin: 0 .25rem 0 0; }
.filter label { margin-right: 1rem; white-space: nowrap; }
body:has(#only-failure:checked) .person:not(.failure), body:has(#only-change:checked) .person:not(.changed),
body:has(#only-slow:checked) .person:not(.slow) { display: none; }
figure { margin: 1rem 0; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
.chart { display: block; height: auto; width: 100%; }
.chart text { fill: var(--soft); font: 11px system-ui, sans-serif; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .bar { fill: var(--mark); }
.chart .failed { fill: var(--fault); }
.chart .p50, .chart .p95 { fill: none; stroke-linejoin: round; stroke-width: 2; }
.chart .p50 { stroke: var(--mark); }
.chart .p95 { stroke: var(--mark-2); stroke-dasharray: 6 3; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .84rem; }
.swatch { display: inline-block; height: .7em; margin-right: .4em; width: 1.1em; }
@media (max-width: 34rem) { .chart text { font-size: 17px; } .inner { margin-left: .2rem; } .pairs { grid-template-columns: 1fr; } .pairs dd { margin-bottom: .35rem; } }
@media print { nav, .filter { display: none; } .finding, .person { break-inside: avoid; } pre { max-height: none; } }
`;
