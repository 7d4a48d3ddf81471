import type { Context } from "hono";
import { html } from "hono/html";

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
export const isNavigation = (c: Context): boolean => /\btext\/html\b/.test(c.req.header("accept") ?? "");

/** Answers with a problem: a page to a browser that navigates, JSON to everything else. */
export function answerProblem(c: Context, { status, message }: SignInProblem): Response | Promise<Response> {
  c.header("Cache-Control", "no-store");
  if (status === 503 || status === 429) c.header("Retry-After", "5");
  if (!isNavigation(c)) return c.json({ error: message }, status);
  return c.html(
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Not signed in - Postern</title>
</head>
<body>
<main>
<h1>You are not signed in</h1>
<p>${message}</p>
<p><a href="/console/sign-in">Sign in again</a></p>
</main>
</body>
</html>`,
    status,
  );
}
