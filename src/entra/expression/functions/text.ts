import type { Call, FunctionDefinition } from "../definition.ts";
import { inCase, inTitleCase } from "../dotnet/case.ts";
import { withoutDiacritics } from "../dotnet/diacritics.ts";
import { limits, type Value, valuesOf } from "../value.ts";

/** Wraps a function of a text, so that null gives null. */
const ofText =
  (compute: (text: string, call: Call) => Value) =>
  (call: Call): Value => {
    const text = call.text(0);
    return text === undefined ? undefined : compute(text, call);
  };

/** Text functions. */
export const textFunctions: readonly FunctionDefinition[] = [
  {
    name: "Append",
    parameters: ["source", "suffix"],
    summary: "Appends the suffix to the source.",
    evaluate: ofText((text, call) => text + (call.text(1) ?? "")),
  },
  {
    name: "ConvertToBase64",
    parameters: ["source"],
    summary: "Base64 of the source's UTF-16 bytes, little-endian.",
    evaluate: ofText((text) => Buffer.from(text, "utf16le").toString("base64")),
  },
  {
    name: "ConvertToUTF8Hex",
    parameters: ["source"],
    summary: "Hexadecimal digits of the source's UTF-8 bytes, in capitals.",
    evaluate: ofText((text) => Buffer.from(text, "utf8").toString("hex").toUpperCase()),
  },
  {
    name: "InStr",
    parameters: ["value1", "value2", "start?", "compareType?"],
    summary:
      "The position of value2 in value1, counted from 1, searching from `start`; 0 if it isn't found. `vbTextCompare` ignores case.",
    evaluate: inStr,
  },
  {
    name: "Join",
    parameters: ["separator", "source..."],
    summary: "Joins the sources, and all values of multi-valued ones. Null and empty sources are skipped.",
    evaluate: join,
  },
  {
    name: "Left",
    parameters: ["String", "NumChars"],
    summary: "The first characters of a text: all of them if the number is negative, an empty text for null.",
    evaluate: (call) => part(call, 1, call.integer(1)),
  },
  {
    name: "Mid",
    parameters: ["source", "start", "length"],
    summary: "A part of a text; `start` counts from 1. An empty text for null.",
    evaluate: (call) => part(call, call.integer(1) ?? 1, call.integer(2)),
  },
  {
    name: "NormalizeDiacritics",
    parameters: ["source"],
    summary: "Replaces the letters in Microsoft's table by plain ones: ä by a, ß by ss, ø by oe. Other letters stay.",
    evaluate: ofText(withoutDiacritics),
  },
  {
    name: "PCase",
    parameters: ["source", "wordSeparators?"],
    summary:
      "Capitalises the first letter of each word and lower-cases the rest. Words are those of .NET's ToTitleCase, or what is between the separators.",
    evaluate: ofText((text, call) => inTitleCase(text, call.text(1))),
  },
  {
    name: "Split",
    parameters: ["source", "delimiter"],
    summary: "Splits a text into several values, without blanks around them.",
    evaluate: ofText(split),
  },
  {
    name: "StripSpaces",
    parameters: ["source"],
    summary: "Removes all blanks.",
    evaluate: ofText((text) => text.replaceAll(" ", "")),
  },
  {
    name: "ToLower",
    parameters: ["source", "culture?"],
    summary: "Converts to lower case, by the rules of a culture such as `tr-TR`.",
    evaluate: ofText((text, call) => inCase("lower", text, call.text(1))),
  },
  {
    name: "ToUpper",
    parameters: ["source", "culture?"],
    summary: "Converts to upper case, by the rules of a culture such as `tr-TR`.",
    evaluate: ofText((text, call) => inCase("upper", text, call.text(1))),
  },
  {
    name: "Word",
    parameters: ["String", "WordNumber", "delimiters"],
    summary:
      "The word at a position, counted from 1. Every character of `delimiters` separates words. An empty text if there is no such word.",
    evaluate: word,
  },
];

/** A substring; `start` counts from 1. A negative length or a start below 1 gives the whole text. */
function part(call: Call, start: number, length: number | undefined): string {
  const text = call.text(0) ?? "";
  if (length === undefined) throw call.error("the number of characters is null", call.count - 1);
  return length < 0 || start < 1 ? text : text.slice(start - 1, start - 1 + length);
}

function inStr(call: Call): Value {
  const [text, sought] = [call.text(0), call.text(1)];
  if (text === undefined || sought === undefined) return undefined;
  const start = call.integer(2) ?? 1;
  if (start < 1) throw call.error("positions start at 1", 2);
  const found = ignoresCase(call)
    ? inCase("upper", text).indexOf(inCase("upper", sought), start - 1)
    : text.indexOf(sought, start - 1);
  return String(found + 1);
}

/** Reports whether InStr ignores case. Visual Basic's numbers work, too: 0 for binary, 1 for text. */
function ignoresCase(call: Call): boolean {
  const type = call.text(3) ?? "vbBinaryCompare";
  if (type === "vbTextCompare" || type === "1") return true;
  if (type === "vbBinaryCompare" || type === "0") return false;
  throw call.error("compareType must be vbTextCompare or vbBinaryCompare", 3);
}

function join(call: Call): Value {
  const separator = call.text(0) ?? "";
  const texts: string[] = [];
  let length = 0;
  for (let index = 1; index < call.count; index++) {
    for (const each of valuesOf(call.value(index))) {
      if (typeof each !== "string") throw call.error("Join can't join objects", index);
      if (each === "") continue;
      length += each.length + separator.length;
      if (length > limits.characters + separator.length)
        throw call.error(`a value can have at most ${limits.characters} characters`);
      texts.push(each);
    }
  }
  return texts.join(separator);
}

function split(text: string, call: Call): Value {
  const delimiter = call.text(1) ?? "";
  if (delimiter === "") throw call.error("the delimiter is empty", 1);
  const values = text === "" ? [] : text.split(delimiter, limits.values + 1).map((each) => each.trim());
  return values.length === 0 ? undefined : values;
}

function word(call: Call): Value {
  const text = call.text(0) ?? "";
  const number = call.integer(1) ?? 0;
  const delimiters = new Set(call.text(2));
  if (number < 1) return "";
  let [count, current] = [0, ""];
  for (const letter of text) {
    if (!delimiters.has(letter)) current += letter;
    else if (current !== "") {
      count++;
      if (count === number) return current;
      current = "";
    }
  }
  return count + 1 === number ? current : "";
}
