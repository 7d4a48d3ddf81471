import { z } from "zod";

/** Settings of the console. */
export const consoleConfig = z
  .strictObject({})
  .describe("The console: pages for operators, at the address of `operations`.");
