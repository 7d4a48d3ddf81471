import { compileExpression, type Expression } from "../../src/expression/compile.ts";
import { isSegment } from "../../src/http/text.ts";

/** A path's parts in turn: text as it is, and expressions whose value is put in, encoded. Throws where one does not compile. */
export function pathParts(path: string): (string | Expression)[] {
  if (!path.startsWith("/") && path !== "") throw new Error("a path starts with /");
  const parts = path.split(/\{([^{}]*)\}/);
  if (parts.some((part, index) => index % 2 === 0 && /[{}]/.test(part)))
    throw new Error("a brace in the path is not closed");
  return parts.map((part, index) => (index % 2 === 0 ? part : compileExpression(part)));
}

/**
 * A value as a segment of a path. Throws where it would lead elsewhere: nothing (DELETE /users/ is not DELETE /users/42), and
 * dots, which stay what they are when they are encoded.
 */
export function segment(value: unknown, source: string): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (!isSegment(text))
    throw new TypeError(
      `{${source}} in the path gives ${text === "" ? "nothing" : JSON.stringify(text)}, which names nothing.`,
    );
  return encodeURIComponent(text);
}
