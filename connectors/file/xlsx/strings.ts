import { DatabaseSync } from "node:sqlite";
import { Refusal } from "../refusal.ts";
import { readXml } from "./xml.ts";
import type { Archive } from "./zip.ts";

/** The shared strings of a workbook. */
export interface SharedStrings {
  readonly get: (index: number) => string | undefined;
  readonly close: () => void;
}

/** Decodes escapes of characters that XML cannot represent, `_x000D_`. */
export const unescapeText = (text: string): string =>
  text.replace(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** Reads the shared strings into a temporary database: there may be as many as cells. */
export async function readStrings(archive: Archive, part: string, file: string): Promise<SharedStrings> {
  const database = new DatabaseSync(file);
  database.exec(
    "pragma journal_mode = off; pragma synchronous = off; create table strings (id integer primary key, text text); begin",
  );
  const insert = database.prepare("insert into strings values (?, ?)");
  const select = database.prepare("select text from strings where id = ?");
  try {
    if (archive.has(part)) {
      let count = 0;
      const text = richText();
      await readXml(part, archive.read(part), {
        ...text,
        close: (name) => {
          text.close(name);
          if (name === "si") insert.run(count++, text.take());
        },
      });
    }
    database.exec("commit");
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    get: (index) => (select.get(index) as { text: string } | undefined)?.text,
    close: () => database.close(),
  };
}

/** Maximum length of a cell's text while reading. Excel's own limit is 32,767 characters. */
const MAX_TEXT = 1_048_576;

/** A text with its next part. */
export function joined(text: string, part: string): string {
  if (text.length + part.length > MAX_TEXT)
    throw new Refusal(`a cell of the workbook has more than ${MAX_TEXT} characters.`);
  return text + part;
}

/** Collects the text of a cell from its runs, without phonetic hints. */
export function richText() {
  let text = "";
  let isText = false;
  let phonetic = 0;
  return {
    open: (name: string) => {
      if (name === "rPh") phonetic++;
      if (name === "t") isText = phonetic === 0;
    },
    text: (part: string) => {
      if (isText) text = joined(text, part);
    },
    close: (name: string) => {
      if (name === "rPh") phonetic--;
      if (name === "t") isText = false;
    },
    take: (): string => {
      const taken = unescapeText(text);
      text = "";
      return taken;
    },
  };
}
