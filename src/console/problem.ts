import type { Context } from "hono";

/** A sign-in that failed, told to whoever tried. */
export class SignInProblem extends Error {
  readonly status: 400 | 403 | 429 | 503;
  /** The name, where the person has proven who they are. */
  readonly person: string | undefined;

  constructor(status: SignInProblem["status"], message: string, options: { cause?: unknown; person?: string } = {}) {
    super(message, options);
    this.status = status;
    this.person = options.person;
  }
}

/** Whether a page is expected as the answer: a browser navigates. */
const isNavigation = (c: Context): boolean => /\btext\/html\b/.test(c.req.header("accept") ?? "");

/** The page that shows a problem, as HTML. */
export type ProblemPage = (problem: string) => string | Promise<string>;

/** Answers with a problem: a page to a browser that navigates, JSON to everything else. */
export function answerProblem(c: Context, { status, message }: SignInProblem, page?: ProblemPage) {
  if (status === 503 || status === 429) c.header("Retry-After", "5");
  if (!page || !isNavigation(c)) return c.json({ error: message }, status);
  return c.html(page(message), status);
}
