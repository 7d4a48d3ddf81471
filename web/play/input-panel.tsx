import { useState } from "preact/hooks";
import type { LiveEntry, MappedType } from "../../src/console/api/mappings.ts";
import { type ApiError, post } from "../api.ts";
import { Field } from "../kit/field.tsx";
import { Failure, Notice } from "../kit/notice.tsx";
import { Panel } from "../kit/page.tsx";
import { Tabs } from "../kit/tabs.tsx";
import { playgroundTexts as texts } from "../texts/playground.ts";
import { CodeEditor } from "./editor.tsx";
import { entryText, type InputKind, type InputTexts, KINDS, PARTS } from "./inputs.ts";

/** What is typed as input. */
export interface InputState {
  readonly kind: InputKind;
  readonly texts: InputTexts;
  /** Whether references are looked up in the backend. */
  readonly live: boolean;
  /** Counts the texts that were set other than by typing. */
  readonly revision: number;
}

interface InputPanelProps {
  readonly place: MappedType;
  readonly state: InputState;
  readonly onChange: (state: InputState) => void;
  readonly problem: string | undefined;
  readonly mayAsk: boolean;
}

/** The input: a tab for each kind, and the entry that it meets. */
export function InputPanel({ place, state, onChange, problem, mayAsk }: InputPanelProps) {
  const { kind, live } = state;
  const setText = (part: keyof InputTexts) => (text: string) =>
    onChange({ ...state, texts: { ...state.texts, [part]: text } });
  const parts = PARTS[kind];
  return (
    <Panel title={texts.input}>
      <Tabs
        label={texts.input}
        tabs={KINDS.map((each) => [each, texts.kinds[each]] as const)}
        chosen={kind}
        onChoose={(chosen) => onChange({ ...state, kind: chosen })}
      >
        <p class="quiet">{texts.kindsMean[kind]}</p>
        {parts.map((part) =>
          part === "filter" ? (
            <Field key={part} label={texts.filter} value={state.texts.filter} onInput={setText("filter")} />
          ) : (
            <div key={part} class="field">
              <span class="label">{texts[part]}</span>
              <CodeEditor
                label={texts[part]}
                language="json"
                text={state.texts[part]}
                revision={state.revision}
                onChange={setText(part)}
                size="short"
              />
            </div>
          ),
        )}
        {problem !== undefined && <Notice kind="warning">{texts.notJson(problem)}</Notice>}
        {mayAsk ? (
          <>
            {parts.includes("entry") && (
              <LoadEntry
                place={place}
                onLoad={(entry) =>
                  onChange({
                    ...state,
                    live: true,
                    revision: state.revision + 1,
                    texts: { ...state.texts, entry: entryText(entry) },
                  })
                }
              />
            )}
            <label class="check">
              <input
                type="checkbox"
                checked={live}
                onChange={(event) => onChange({ ...state, live: event.currentTarget.checked })}
              />
              {texts.live.references}
            </label>
          </>
        ) : (
          <p class="quiet">{texts.live.none}</p>
        )}
      </Tabs>
    </Panel>
  );
}

/** Loads a live entry from the backend. */
function LoadEntry({
  place: { route, type },
  onLoad,
}: {
  readonly place: MappedType;
  readonly onLoad: (entry: LiveEntry["entry"]) => void;
}) {
  const [id, setId] = useState("");
  const [error, setError] = useState<ApiError>();
  const load = async (event: Event) => {
    event.preventDefault();
    setError(undefined);
    try {
      onLoad((await post<LiveEntry>("/mappings/entry", { route, type, id })).entry);
    } catch (failure) {
      setError(failure as ApiError);
    }
  };
  return (
    <>
      <form class="tools" onSubmit={load}>
        <Field label={texts.live.id} value={id} onInput={setId} required />
        <button type="submit">{texts.live.load}</button>
      </form>
      <Failure error={error} />
    </>
  );
}
