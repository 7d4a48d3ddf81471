import type { Mistake as Found } from "../../src/console/api/configuration.ts";
import "../styles/mistake.css";

/** A mistake in a file, as `postern check` shows it: where it is, what is wrong, and the line with a mark below it. */
export function Mistake({ mistake }: { readonly mistake: Found }) {
  const { severity, file, line, column, length, message, excerpt } = mistake;
  const number = String(line);
  return (
    <div class={`mistake ${severity}`}>
      <p>
        <span class="mono">
          {file}:{line}:{column}
        </span>{" "}
        <strong>{severity}:</strong> {message}
      </p>
      {excerpt !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard.
        <pre tabIndex={0}>
          {`${number} | ${excerpt}\n`}
          <span class="mark-line" aria-hidden="true">
            {`${" ".repeat(number.length)} | ${excerpt.slice(0, column - 1).replace(/[^\t]/g, " ")}${"^".repeat(Math.max(1, length))}`}
          </span>
        </pre>
      )}
    </div>
  );
}
