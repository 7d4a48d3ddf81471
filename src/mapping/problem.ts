import { ExpressionError } from "../expression/compile.ts";

/** A mistake in a file: its place in the structure, and what is wrong. `config/yaml.ts` finds the line. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Set for warnings; absent for errors. */
  readonly severity?: "warning";
  /** The kind of mistake, for tools. */
  readonly code?: string | undefined;
  /** Whether the key at the path is wrong rather than the value. */
  readonly onKey?: boolean;
  /** The wrong part of the value, if not all of it. */
  readonly part?: { readonly text: string; readonly position: number; readonly length: number } | undefined;
  /** What the author probably meant. */
  readonly suggestion?: string | undefined;
}

/** A mistake as an exception, for use during compilation. */
export class ProblemError extends Error {
  readonly about: Omit<Problem, "path" | "message">;

  constructor(message: string, about: Omit<Problem, "path" | "message"> = {}) {
    super(message);
    this.about = about;
  }
}

/** Converts a compilation error at a path to a problem. */
export function problemAt(path: Problem["path"], error: Error): Problem {
  const { message } = error;
  if (error instanceof ExpressionError) {
    const { code, part, suggestion } = error;
    return { path, message, code, part, suggestion };
  }
  return { path, message, ...(error instanceof ProblemError && error.about) };
}
