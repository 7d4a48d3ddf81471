import type { SourceValue } from "../directory.ts";
import { PopulationFileError } from "./records.ts";

const TRUE = /^(true|1|yes)$/i;
const FALSE = /^(false|0|no)$/i;

/** Parses a boolean as JSON, PowerShell, Excel or the portal write it; undefined for nothing. Throws for anything else. */
export function booleanIn(value: unknown, place: string): boolean | undefined {
  const text = String(value ?? "").trim();
  if (text === "") return undefined;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  throw new PopulationFileError(`${place}: "${text}" is not a truth value. Write true or false.`);
}

/** A text; for a reference that Graph writes as an object, its ID. Empty for nothing. */
export function textIn(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value ?? "");
  const { id, objectId, userPrincipalName } = value as Readonly<Record<string, unknown>>;
  return String(id ?? objectId ?? userPrincipalName ?? "");
}

/** Several values: a JSON list, or a text that contains one or separates values with semicolons. */
export function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const text = String(value ?? "").trim();
  if (text.startsWith("[")) {
    try {
      return JSON.parse(text) as readonly unknown[];
    } catch {
      // Not JSON: a text that begins with a bracket.
    }
  }
  return text === "" ? [] : text.split(";");
}

/** The value of an attribute; nothing, or empty text, clears it. */
export function sourceValueIn(value: unknown): SourceValue {
  if (value === null || value === undefined || value === "") return null;
  return Array.isArray(value) ? itemsIn(value) : (value as string | number | boolean);
}

/** The values of a multi-valued attribute. */
export const itemsIn = (value: unknown): SourceValue =>
  listIn(value).map((item) =>
    typeof item === "object" && item !== null ? (item as Readonly<Record<string, unknown>>) : String(item).trim(),
  );
