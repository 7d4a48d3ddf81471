import { type DateReader, dateReader } from "./dates.ts";

/** A word in the settings, as YAML parses it. */
type Word = string | number | boolean | null;

/** The configured properties of a column. */
export interface ColumnSettings {
  readonly as: "text" | "date" | "dateTime" | "integer" | "decimal" | "boolean" | "list";
  readonly format?: string | readonly string[] | undefined;
  readonly true?: readonly Word[] | undefined;
  readonly false?: readonly Word[] | undefined;
  readonly nulls?: readonly Word[] | undefined;
}

/** How keys are normalised in all columns that hold them. */
export interface IdSettings {
  readonly columns: readonly string[];
  readonly pad?: number | undefined;
  readonly case?: "upper" | "lower" | undefined;
}

/** A cell's value in the database, or the reason why it has none. */
export type CellValue = { readonly value: string | number | bigint | null } | { readonly problem: string };

/** Converts a cell's text. */
export type CellReader = (text: string) => CellValue;

const WORDS = { true: ["true", "yes", "y", "1", "on"], false: ["false", "no", "n", "0", "off"] };

const none: CellValue = { value: null };

/** The reader of a column's cells: first the words for "no value", then the type, then the key format. */
export function cellReader(
  of: ColumnSettings | undefined,
  nulls: readonly Word[],
  ids: IdSettings | undefined,
): CellReader {
  const nothing = new Set([...nulls, ...(of?.nulls ?? [])].map((word) => String(word).trim().toLowerCase()));
  const convert = ids ? idReader(ids) : typed(of ?? { as: "text" });
  return (text) => {
    if (text === "" || (nothing.size > 0 && nothing.has(text.toLowerCase()))) return none;
    return convert(text);
  };
}

function typed(of: ColumnSettings): CellReader {
  switch (of.as) {
    case "date":
    case "dateTime":
      return dates(of);
    case "integer":
      return (text) => {
        const digits = /^[-+]?(\d{1,18})(?:\.0+)?$/.exec(text);
        return digits
          ? { value: BigInt(text.replace(/\.0+$/, "").replace("+", "")) }
          : { problem: "is not a whole number" };
      };
    case "decimal":
      return (text) =>
        /^[-+]?\d{1,15}([.,]\d{1,15})?$/.test(text)
          ? { value: Number(text.replace(",", ".")) }
          : { problem: "is not a number" };
    case "boolean":
      return booleans(of);
    case "list":
      return (text) => {
        try {
          if (Array.isArray(JSON.parse(text))) return { value: text };
        } catch {
          // Reported below.
        }
        return { problem: "is not a JSON list" };
      };
    default:
      return (text) => ({ value: text });
  }
}

function dates({ as, format = "iso" }: ColumnSettings): CellReader {
  const formats = [format].flat();
  // Dates in workbooks are already in ISO format.
  const readers: readonly DateReader[] = [...new Set([...formats, "iso"])].map(dateReader);
  return (text) => {
    for (const read of readers) {
      const date = read(text);
      if (date !== undefined) return { value: as === "date" ? date.slice(0, 10) : instantText(date) };
    }
    return { problem: `is not a date in the format ${formats.join(" or ")}` };
  };
}

/** A time without a zone is taken for UTC. */
const instantText = (date: string): string =>
  new Date(date.length === 10 ? date : /(Z|[+-]\d\d:\d\d)$/.test(date) ? date : `${date}Z`).toISOString();

function booleans(of: ColumnSettings): CellReader {
  const words = (name: "true" | "false") =>
    new Set((of[name] ?? WORDS[name]).map((word) => String(word).toLowerCase()));
  const [yes, no] = [words("true"), words("false")];
  return (text) => {
    const word = text.toLowerCase();
    if (yes.has(word)) return { value: 1 };
    return no.has(word) ? { value: 0 } : { problem: `is neither ${[...yes].join(", ")} nor ${[...no].join(", ")}` };
  };
}

function idReader({ pad, case: letters }: IdSettings): CellReader {
  return (text) => {
    // Excel writes long numbers like this, after losing their last digits.
    if (/^\d([.,]\d+)?E\+\d+$/i.test(text))
      return { problem: "was rounded by a spreadsheet: export the column as text" };
    const cased = letters === "upper" ? text.toUpperCase() : letters === "lower" ? text.toLowerCase() : text;
    const whole = cased.replace(/^(\d+)\.0+$/, "$1");
    return { value: pad !== undefined && /^\d+$/.test(whole) ? whole.padStart(pad, "0") : whole };
  };
}
