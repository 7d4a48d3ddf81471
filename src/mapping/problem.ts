import { ExpressionError } from "../expression/compile.ts";

/** A mistake in a file: where in its structure, and what is wrong. `config/yaml.ts` finds its line. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Whether it is only a warning; an error without it. */
  readonly severity?: "warning";
  /** What kind of mistake it is, for tools. */
  readonly code?: string | undefined;
  /** Whether the name at the path is wrong, and not the value. */
  readonly onKey?: boolean;
  /** The part of the value that is wrong, where it is not the whole. */
  readonly part?: { readonly text: string; readonly position: number; readonly length: number } | undefined;
  /** What was probably meant in place of what is wrong. */
  readonly suggestion?: string | undefined;
}

/** A mistake as a thing to throw, for what is found in the middle of compiling. */
export class ProblemError extends Error {
  readonly about: Omit<Problem, "path" | "message">;

  constructor(message: string, about: Omit<Problem, "path" | "message"> = {}) {
    super(message);
    this.about = about;
  }
}

/** The problem that a failure to compile what is at a path amounts to. */
export function problemAt(path: Problem["path"], error: Error): Problem {
  const { message } = error;
  if (error instanceof ExpressionError) {
    const { code, part, suggestion } = error;
    return { path, message, code, part, suggestion };
  }
  return { path, message, ...(error instanceof ProblemError && error.about) };
}
