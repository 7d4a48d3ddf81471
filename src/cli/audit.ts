import { readFileSync } from "node:fs";
import { verifyAudit } from "../observe/audit.ts";

/** Verifies audit files, the older ones first, as one log. */
export function auditVerifyCommand(files: readonly string[], last: string | undefined): number {
  const text = files.map((file) => readFileSync(file, "utf8")).join("");
  const verdict = verifyAudit(text);
  if (!verdict.ok) {
    console.log(`${placeOf(files, verdict.line)}: ${verdict.problem}`);
    return 1;
  }
  const range = `${verdict.records} records, numbers ${verdict.first} to ${verdict.last}, are whole`;
  console.log(verdict.torn ? `${range}; what is behind the last of them is none, as a crash leaves it` : range);
  console.log(`the last record's hash: ${verdict.hash}`);
  if (last !== undefined && !text.includes(`"hash":"${last}"`)) {
    console.log(`there is no record with the hash ${last}: records at the end are missing`);
    return 1;
  }
  return 0;
}

/** The file, and the line in it, of a line of them all. */
function placeOf(files: readonly string[], line: number): string {
  let before = 0;
  for (const file of files) {
    const lines = readFileSync(file, "utf8").split("\n").length - 1;
    if (line <= before + lines) return `${file}:${line - before}`;
    before += lines;
  }
  return `${files.at(-1)}:${line - before}`;
}
