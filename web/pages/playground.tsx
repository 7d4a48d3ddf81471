import { useState } from "preact/hooks";
import type { MappedType, MappingFile, MappingList, Mistake, PlayRequest } from "../../src/console/api/mappings.ts";
import { useLoaded } from "../api.ts";
import { useMe } from "../app.tsx";
import { Choice } from "../kit/field.tsx";
import { Failure, Loading } from "../kit/notice.tsx";
import { Page, Panel } from "../kit/page.tsx";
import { Tabs } from "../kit/tabs.tsx";
import type { PageProps } from "../pages.ts";
import { CodeEditor } from "../play/editor.tsx";
import { InputPanel, type InputState } from "../play/input-panel.tsx";
import { readInput, textsOf } from "../play/inputs.ts";
import { Problems, Results } from "../play/results.tsx";
import { Save } from "../play/save.tsx";
import { addressOf } from "../play/tables.tsx";
import { useTrial } from "../play/use-trial.ts";
import { useWords } from "../play/use-words.ts";
import { Link, navigate, usePlace } from "../router.tsx";
import { common } from "../texts/common.ts";
import { mappingsTexts } from "../texts/mappings.ts";
import { playgroundTexts as texts } from "../texts/playground.ts";
import "../styles/playground.css";

/** The playground: a mapping and an input at the left, what follows at the right. */
export default function Playground(_: PageProps) {
  const { data, error } = useLoaded<MappingList>("/mappings");
  const { query } = usePlace();
  const mappings = data?.mappings ?? [];
  const isAt = ({ route, type }: MappedType) => route === query.get("route") && type === query.get("type");
  const place = mappings.find(isAt) ?? mappings[0];
  const choice = mappings.length > 1 && place && (
    <Choice
      label={texts.place}
      value={addressOf(place, "/play")}
      options={mappings.map((each) => [addressOf(each, "/play"), mappingsTexts.table(each)])}
      onChange={(address) => navigate(address)}
    />
  );
  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      tools={
        <>
          <Link to="/mappings" class="button">
            {texts.back}
          </Link>
          {choice}
        </>
      }
    >
      <Failure error={error} />
      {!data && !error && <Loading />}
      {data && place && <Loader key={addressOf(place)} place={place} list={data} />}
    </Page>
  );
}

interface PlacedProps {
  readonly place: MappedType;
  readonly list: MappingList;
}

function Loader({ place, list }: PlacedProps) {
  const { route, type } = place;
  const { data, error, reload } = useLoaded<MappingFile>(`/mappings/file?${new URLSearchParams({ route, type })}`);
  if (!data) return error ? <Failure error={error} /> : <Loading />;
  return <Bench place={place} list={list} file={data} onSaved={reload} />;
}

type Which = "mapping" | "types";

interface BenchProps extends PlacedProps {
  readonly file: MappingFile;
  readonly onSaved: () => void;
}

function Bench({ place, list, file, onSaved }: BenchProps) {
  const { role, home } = useMe();
  const [drafts, setDrafts] = useState<Readonly<Partial<Record<Which, string>>>>({});
  const [revision, setRevision] = useState(0);
  const [which, setWhich] = useState<Which>("mapping");
  const [goTo, setGoTo] = useState<{ readonly line: number; readonly column: number }>();
  const [input, setInput] = useState<InputState>({
    kind: "entry",
    texts: textsOf(file.examples),
    live: false,
    revision: 0,
  });
  const changed = (["mapping", "types"] as const).flatMap((what) => {
    const text = drafts[what];
    const before = file[what];
    return before && text !== undefined && text !== before.text ? [{ what, text, hash: before.hash }] : [];
  });
  const read = readInput(input.kind, input.texts);
  const trial = useTrial(requestOf());
  const problems = trial.answer?.problems ?? [];
  const hasMistakes = problems.some(({ severity }) => severity === "error");
  const { words, failure } = useWords(
    place,
    file.completions,
    list.mayAsk ? (drafts.mapping ?? file.mapping.text) : "",
  );
  const whyNot = whyNotSaved();
  const reset = () => {
    setDrafts({});
    setRevision(revision + 1);
  };
  const open = (mistake: Mistake) => {
    setWhich(mistake.in ?? "mapping");
    setGoTo({ line: mistake.line, column: mistake.column });
  };

  function whyNotSaved(): keyof typeof texts.save.not | undefined {
    if (!list.maySave) return home === undefined ? "off" : "alone";
    if (role !== "operator") return "viewer";
    return file.mapping.maySave ? undefined : "shipped";
  }

  function requestOf(): PlayRequest | undefined {
    if (read.problem !== undefined) return undefined;
    const { route, type } = place;
    const isDraft = changed.length > 0 || place.rows === undefined;
    const texts = isDraft ? { mapping: drafts.mapping ?? file.mapping.text, types: drafts.types } : {};
    return { route, type, ...texts, input: read.input, live: input.live };
  }

  const editor = (
    <CodeEditor
      key={which}
      label={texts.editorOf[which]}
      language="yaml"
      text={drafts[which] ?? file[which]?.text ?? ""}
      revision={revision}
      onChange={(text) => setDrafts((before) => ({ ...before, [which]: text }))}
      mistakes={problems.filter((each) => (each.in ?? "mapping") === which)}
      known={{ file: which, words }}
      goTo={goTo}
      size="tall"
    />
  );
  return (
    <div class="bench">
      <div class="side-by-side">
        <Panel
          title={file[which]?.file ?? texts.editorOf[which]}
          tools={
            changed.length > 0 && (
              <button type="button" class="plain" onClick={reset}>
                {texts.reset}
              </button>
            )
          }
        >
          {file.types ? (
            <Tabs
              label={texts.files}
              tabs={(["mapping", "types"] as const).map((each) => [each, texts.editorOf[each]] as const)}
              chosen={which}
              onChoose={setWhich}
            >
              {editor}
            </Tabs>
          ) : (
            editor
          )}
          {failure && <p class="quiet">{texts.unknownAttributes(failure.message)}</p>}
          {whyNot ? (
            <p class="quiet">{texts.save.not[whyNot]}</p>
          ) : (
            <Save
              place={place}
              changed={changed}
              hasMistakes={hasMistakes}
              input={read.problem === undefined ? read.input : undefined}
              onSaved={onSaved}
            />
          )}
        </Panel>
        <InputPanel place={place} state={input} onChange={setInput} problem={read.problem} mayAsk={list.mayAsk} />
      </div>
      <div class="beside">
        <Panel title={texts.results}>
          <div class="results" aria-busy={trial.isWaiting} aria-live="polite">
            <Failure error={trial.error} />
            <Problems problems={problems} onOpen={open} />
            {!trial.error && trial.answer?.trial && <Results trial={trial.answer.trial} kind={input.kind} />}
            {!trial.answer && !trial.error && <p class="quiet">{common.loading}</p>}
          </div>
        </Panel>
      </div>
    </div>
  );
}
