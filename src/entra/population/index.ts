/** Where the simulator's people and groups come from: drawn, or read from files. @module */
export { drawPopulation } from "./draw.ts";
export { drawEdits } from "./edits.ts";
/** How many people and groups are drawn, and by which seed. */
export type { Population } from "./population.ts";
/** What helps to read a file. */
export type { ReadOptions } from "./read.ts";
export { readEdits } from "./read.ts";
export { PopulationFileError } from "./records.ts";
/** What the drawing of edits asks of the tenant. */
export type { Tenant } from "./tenant.ts";
