import { useEffect, useRef } from "preact/hooks";
import type { Mistake } from "../../src/console/api/mappings.ts";
import type { Editor } from "./codemirror.ts";
import type { Known } from "./complete.ts";

interface CodeEditorProps {
  readonly label: string;
  readonly language: "yaml" | "json";
  /** The text to begin with, and to go back to with each new revision. Between them the editor's own text counts. */
  readonly text: string;
  readonly revision: number;
  readonly onChange: (text: string) => void;
  readonly mistakes?: readonly Mistake[];
  /** What completes it. */
  readonly known?: Known | undefined;
  /** A place to move to; a new object moves there again. */
  readonly goTo?: { readonly line: number; readonly column: number } | undefined;
  readonly size: "tall" | "short";
}

/** An editor with mistakes underlined. Its code is loaded when it is first shown. */
export function CodeEditor({
  label,
  language,
  text,
  revision,
  onChange,
  mistakes,
  known,
  goTo,
  size,
}: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  const now = useRef({ text, onChange, mistakes, known });
  now.current = { text, onChange, mistakes, known };
  useEffect(() => {
    let isGone = false;
    import("./codemirror.ts").then(({ createEditor }) => {
      if (isGone) return;
      editor.current = createEditor({
        parent: host.current!,
        text: now.current.text,
        language,
        label,
        known: () => now.current.known,
        changed: (next) => now.current.onChange(next),
      });
      editor.current.setMistakes(now.current.mistakes ?? []);
    });
    return () => {
      isGone = true;
      editor.current?.destroy();
      editor.current = undefined;
    };
  }, [language, label]);
  useEffect(() => editor.current?.setText(now.current.text), [revision]);
  useEffect(() => editor.current?.setMistakes(mistakes ?? []), [mistakes]);
  useEffect(() => {
    if (goTo) editor.current?.goTo(goTo.line, goTo.column);
  }, [goTo]);
  return <div class={`editor ${size}`} ref={host} />;
}
