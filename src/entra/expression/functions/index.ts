import type { FunctionDefinition } from "../definition.ts";
import { dateFunctions } from "./dates.ts";
import { listFunctions } from "./lists.ts";
import { logicFunctions } from "./logic.ts";
import { madeFunctions } from "./made.ts";
import { replaceFunction } from "./replace.ts";
import { textFunctions } from "./text.ts";

/** All functions, in the order of their names. */
export const functions: readonly FunctionDefinition[] = [
  ...textFunctions,
  replaceFunction,
  ...logicFunctions,
  ...dateFunctions,
  ...listFunctions,
  ...madeFunctions,
].sort((a, b) => a.name.localeCompare(b.name, "en"));

/** The functions by their names, which are case-sensitive. */
export const functionsByName: ReadonlyMap<string, FunctionDefinition> = new Map(
  functions.map((each) => [each.name, each]),
);
