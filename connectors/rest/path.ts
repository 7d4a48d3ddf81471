import { compileExpression, type Expression } from "../../src/expression/compile.ts";
import { isSegment } from "../../src/http/text.ts";

/** The parts of a path: literal text, and expressions whose values are encoded. Throws if one does not compile. */
export function pathParts(path: string): (string | Expression)[] {
  if (!path.startsWith("/") && path !== "") throw new Error("a path must start with /");
  const parts = path.split(/\{([^{}]*)\}/);
  if (parts.some((part, index) => index % 2 === 0 && /[{}]/.test(part)))
    throw new Error("a brace in the path is never closed");
  return parts.map((part, index) => (index % 2 === 0 ? part : compileExpression(part)));
}

/**
 * A value as a path segment. Throws if it would lead elsewhere: empty values (DELETE /users/ is not DELETE /users/42) and dots, which
 * encoding does not change.
 */
export function segment(value: unknown, source: string): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (!isSegment(text))
    throw new TypeError(
      `{${source}} in the path gives ${text === "" ? "nothing" : JSON.stringify(text)}, which is not a valid path segment.`,
    );
  return encodeURIComponent(text);
}
