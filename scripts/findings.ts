import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { findings } from "../src/entra/findings/index.ts";

const page = join(import.meta.dirname, "..", "docs/reference/simulator-report.md");
const BEGIN = "<!-- findings: written by npm run generate -->\n";
const END = "<!-- end of findings -->\n";

/** docs/reference/simulator-report.md, with the table of findings as it should be. Throws where its two marks are not there. */
export function simulatorReportPage(): string {
  const text = readFileSync(page, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${page} needs the lines ${BEGIN}and ${END}`);
  return `${text.slice(0, begin)}${BEGIN}\n${table()}\n${text.slice(end)}`;
}

function table(): string {
  const rows = findings.map(({ id, severity, title, why, change, page: { title: name, url } }) => {
    const link = url.startsWith("https://") ? url : relative("docs/reference", url);
    return `| \`${id}\` | ${severity} | **${cell(title)}.** ${cell(why)} | ${cell(change)} [${name}](${link}) |`;
  });
  return ["| id | | what, and what Entra does | what to change |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

/** Text that Markdown takes as it is: no column ends in it, and no `*` begins anything. */
const cell = (text: string): string =>
  text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[*<>[\]_]/g, "\\$&")))
    .join("`")
    .replaceAll("|", "\\|");
