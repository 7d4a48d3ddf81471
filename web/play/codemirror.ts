import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Mistake } from "../../src/console/api/mappings.ts";
import { completeFile, type Known } from "./complete.ts";

/** An editor of text, and how to talk to it. */
export interface Editor {
  /** Sets the text, if it is another one. */
  readonly setText: (text: string) => void;
  readonly setMistakes: (mistakes: readonly Mistake[]) => void;
  /** Moves the cursor to a place, counted from 1. */
  readonly goTo: (line: number, column: number) => void;
  readonly destroy: () => void;
}

/** How an editor is made. */
export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly language: "yaml" | "json";
  /** What it is, for those who don't see it. */
  readonly label: string;
  /** What completes it, if it is YAML. */
  readonly known: () => Known | undefined;
  readonly changed: (text: string) => void;
}

/**
 * Makes an editor. It lives in a shadow root: there its style sheets are objects, where in the document they would be inline styles, which
 * the content security policy forbids.
 */
export function createEditor({ parent, text, language, label, known, changed }: EditorOptions): Editor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  const listener = EditorView.updateListener.of(({ docChanged, state }) => {
    if (docChanged) changed(state.doc.toString());
  });
  const state = EditorState.create({ doc: text, extensions: [extensions(language, label, known), listener] });
  const view = new EditorView({ state, root, parent: root });
  return {
    setText: (next) => {
      if (next !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    setMistakes: (mistakes) => {
      const { doc } = view.state;
      view.dispatch(
        setDiagnostics(
          view.state,
          mistakes.map((each) => diagnosticOf(each, doc)),
        ),
      );
    },
    goTo: (line, column) => {
      const anchor = placeIn(view.state.doc, line, column);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

function placeIn(doc: Text, line: number, column: number): number {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(found.from + Math.max(column, 1) - 1, found.to);
}

function diagnosticOf({ line, column, length, severity, message }: Mistake, doc: Text): Diagnostic {
  const from = placeIn(doc, line, column);
  const end = doc.lineAt(from).to;
  return { from, to: Math.min(end, from + Math.max(length, 1)), severity, message };
}

const extensions = (language: "yaml" | "json", label: string, known: () => Known | undefined): Extension => [
  lineNumbers(),
  highlightSpecialChars(),
  history(),
  bracketMatching(),
  closeBrackets(),
  indentOnInput(),
  highlightActiveLine(),
  lintGutter(),
  language === "yaml" ? yaml() : json(),
  syntaxHighlighting(highlighting),
  autocompletion({
    icons: false,
    override: [(context) => (language === "yaml" ? completeFile(context, known()) : null)],
  }),
  keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
  EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
  EditorView.lineWrapping,
  theme,
];

const highlighting = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--link)" },
  { tag: [tags.string, tags.attributeValue, tags.content], color: "var(--text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--good)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--quiet)" },
]);

/** Colours are the page's own, which follow its theme. */
const theme = EditorView.theme({
  "&": {
    color: "var(--text)",
    backgroundColor: "var(--panel)",
    fontSize: "13px",
    maxHeight: "inherit",
    height: "100%",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--quiet)", border: "0" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--raised) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection": {
    backgroundColor: "var(--info-back)",
  },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionInfo": { maxWidth: "320px", padding: "6px 8px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
});
