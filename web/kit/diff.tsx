import { structuredPatch } from "diff";
import { useMemo } from "preact/hooks";
import "../styles/diff.css";

interface DiffProps {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  /** What lines that are gone and lines that are new are called, for those who don't see the signs. */
  readonly words: { readonly removed: string; readonly added: string };
}

/** How long the search for the smallest difference may take, in milliseconds. */
const TIMEOUT_MS = 1000;

/** The lines in which two texts differ, with some around them. */
export function Diff({ label, before, after, words }: DiffProps) {
  const hunks = useMemo(() => {
    const patch = structuredPatch("", "", before, after, "", "", { context: 3, timeout: TIMEOUT_MS });
    // Texts that differ too much are shown one after the other.
    const all = [...before.split("\n").map((line) => `-${line}`), ...after.split("\n").map((line) => `+${line}`)];
    return patch?.hunks.map(({ lines }) => lines) ?? [all];
  }, [before, after]);
  const name = (sign: string) => (sign === "-" ? words.removed : sign === "+" ? words.added : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard.
    <section class="diff" tabIndex={0} aria-label={label}>
      {hunks.map((lines, index) => (
        <pre key={`${index}`}>
          {lines.map((line, at) => {
            const [sign = " "] = line;
            const kind = { "-": "gone", "+": "new" }[sign] ?? "";
            return (
              <div key={`${at}`} class={kind}>
                <span aria-hidden="true">{sign}</span>
                {name(sign) && <span class="hidden">{name(sign)}: </span>}
                {line.slice(1)}
              </div>
            );
          })}
        </pre>
      ))}
    </section>
  );
}
