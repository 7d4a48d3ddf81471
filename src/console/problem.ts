import type { Context } from "hono";
import type { SignInQuestion } from "./api/sign-in.ts";
import type { ShellOptions } from "./assets.ts";
import type { Identity } from "./env.ts";

/** What a problem says beside its message. */
interface About {
  readonly cause?: unknown;
  /** Who it is, where the person has proven it. */
  readonly person?: Identity;
  /** What must be answered first. */
  readonly question?: SignInQuestion;
}

/** A sign-in that failed, told to whoever tried. */
export class SignInProblem extends Error {
  readonly status: 400 | 403 | 409 | 429 | 503;
  readonly person: Identity | undefined;
  readonly question: SignInQuestion | undefined;

  constructor(status: SignInProblem["status"], message: string, { person, question, ...options }: About = {}) {
    super(message, options);
    this.status = status;
    this.person = person;
    this.question = question;
  }
}

/** Whether a page is expected as the answer: a browser navigates. */
const isNavigation = (c: Context): boolean => /\btext\/html\b/.test(c.req.header("accept") ?? "");

/** The page that shows a problem, or asks a question, as HTML. */
export type ProblemPage = (shown: Pick<ShellOptions, "problem" | "question">) => string | Promise<string>;

/** Answers with a problem: a page to a browser that navigates, JSON to everything else. */
export function answerProblem(c: Context, { status, message, question }: SignInProblem, page?: ProblemPage) {
  if (status === 503 || status === 429) c.header("Retry-After", "5");
  if (!page || !isNavigation(c)) return c.json({ error: message, ...(question && { question }) }, status);
  return c.html(page(question ? { question } : { problem: message }), status);
}
