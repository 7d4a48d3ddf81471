import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { defineTypes, typesFormat } from "../../src/mapping/types.ts";
import { builtInTypes, type Resource, type ResourceType } from "../../src/scim/schema.ts";

/** A case of the table `patch.yaml`. */
export interface PatchCase {
  readonly name: string;
  /** User without it. */
  readonly type?: string;
  /** The backends that it runs on, beside the memory. */
  readonly on?: "all" | "sqlite";
  readonly before: Resource;
  readonly patch: readonly object[];
  readonly after?: Resource;
  /** The `scimType` of the error, where it is one. */
  readonly error?: string;
}

const read = (name: string): unknown => parse(readFileSync(join(import.meta.dirname, name), "utf8"));

export const patchCases = read("patch.yaml") as readonly PatchCase[];

/** The built-in types, and Gadget, that has an attribute of every kind. */
export const types = defineTypes(typesFormat.parse(read("gadget.types.yaml")), builtInTypes).types;

export const typeNamed = (name: string): ResourceType => types.find((each) => each.name === name)!;
