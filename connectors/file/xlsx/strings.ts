import { DatabaseSync } from "node:sqlite";
import { Refusal } from "../refusal.ts";
import { readXml } from "./xml.ts";
import type { Archive } from "./zip.ts";

/** The texts that a workbook's cells share. */
export interface SharedStrings {
  readonly get: (index: number) => string | undefined;
  readonly close: () => void;
}

/** Text as it is meant: what XML does not hold is written `_x000D_`. */
export const unescapeText = (text: string): string =>
  text.replace(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** Reads a workbook's shared texts into a file beside it: they may be as many as its cells. */
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

/** How long the text of a cell may be while it is read; Excel itself takes 32,767 characters. */
const MAX_TEXT = 1_048_576;

/** A text with its next part. */
export function joined(text: string, part: string): string {
  if (text.length + part.length > MAX_TEXT)
    throw new Refusal(`a cell of the workbook has more than ${MAX_TEXT} characters.`);
  return text + part;
}

/** Collects the text of a cell that may be cut into runs; how it is pronounced is not part of it. */
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
