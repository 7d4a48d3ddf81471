import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Check, type Described, type NotAsked, PROFILES } from "../src/validate/check.ts";
import { checks, notAsked, profileNames } from "../src/validate/checks/index.ts";

const FILE = join(import.meta.dirname, "../docs/reference/validate.md");
/** What is below this line of the page is made from the checks. */
const MARK = "<!-- Generated from src/validate/checks by npm run generate -->\n";

/** docs/reference/validate.md: the page as it is written, with the table of checks as it should be. */
export function validatePage(): string {
  const text = readFileSync(FILE, "utf8");
  const at = text.indexOf(MARK);
  if (at < 0) throw new Error(`${FILE} lacks the line ${MARK}`);
  return `${text.slice(0, at)}${MARK}\n${profileNames.map(sectionOf).join("\n")}`;
}

function sectionOf(profile: (typeof profileNames)[number]): string {
  const own = <T extends Described>(all: readonly T[]) => all.filter((each) => each.profile === profile);
  const rows = own(checks).map((check) => rowOf(check, check.severity));
  const others = own(notAsked).map((each) => `- \`${each.id}\` ${each.title}: ${each.notAsked}`);
  return `### ${profile}

${PROFILES[profile]}.

| check | | expects | source |
| --- | --- | --- | --- |
${rows.join("\n")}
${others.length === 0 ? "" : `\nNot asked:\n\n${others.join("\n")}\n`}`;
}

const rowOf = ({ id, area, rule }: Check | NotAsked, severity: string): string =>
  `| \`${id}\` | ${severity} | ${area}: ${rule.says} | ${rule.source} |`.replaceAll("\n", " ");
