import type { Context } from "hono";
import { z } from "zod";
import type { ConsoleEnv } from "./env.ts";
import { Refusal } from "./refusal.ts";

/** How many rows a page of a list has, unless asked otherwise, and at most. */
const ROWS = 50;
const MAX_ROWS = 200;

/** The `limit` of a list. */
export const limitFormat = z.coerce.number().int().min(1).max(MAX_ROWS).default(ROWS);

/** A text of bounded length. */
export const textFormat = z.string().min(1).max(1000);

/** Why something is done. A text without any letter or digit says nothing. */
export const reasonFormat = z
  .string()
  .trim()
  .regex(/[\p{L}\p{N}]/u, "say why: the reason is recorded in the audit log")
  .max(1000);

/** What a request's query says. Throws a `Refusal`. */
export const queryOf = <Format extends z.ZodType>(c: Context<ConsoleEnv>, format: Format): z.output<Format> =>
  parsed(format, c.req.query());

/** What a request's body says. Throws a `Refusal`. */
export const bodyOf = async <Format extends z.ZodType>(
  c: Context<ConsoleEnv>,
  format: Format,
): Promise<z.output<Format>> => parsed(format, await c.req.json().catch(() => undefined));

function parsed<Format extends z.ZodType>(format: Format, given: unknown): z.output<Format> {
  const { data, error } = format.safeParse(given);
  if (error) throw new Refusal("wrong", z.prettifyError(error));
  return data;
}
