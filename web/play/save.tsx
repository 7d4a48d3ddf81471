import { useState } from "preact/hooks";
import type { MappedType, PlayInput, Saved, SaveRequest } from "../../src/console/api/mappings.ts";
import { type ApiError, post } from "../api.ts";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";
import { Failure, Notice } from "../kit/notice.tsx";
import { common } from "../texts/common.ts";
import { playgroundTexts as texts } from "../texts/playground.ts";

/** A file of the editor that can be saved. */
export interface Savable {
  readonly what: "mapping" | "types";
  readonly text: string;
  readonly hash: string;
}

interface SaveProps {
  readonly place: MappedType;
  /** Files with changes; none of them may have mistakes. */
  readonly changed: readonly Savable[];
  readonly hasMistakes: boolean;
  readonly input: PlayInput | undefined;
  readonly onSaved: () => void;
}

/** Saves what was changed as the file, or the input as a test. */
export function Save({ place: { route, type }, changed, hasMistakes, input, onSaved }: SaveProps) {
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const [done, setDone] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const send = async (request: Omit<SaveRequest, "route" | "type">) => {
    setDone(undefined);
    setError(undefined);
    setNaming(false);
    try {
      const { file } = await post<Saved>("/mappings/save", { route, type, ...request });
      setDone(texts.save.done(file));
      if (request.what !== "test") onSaved();
    } catch (failure) {
      setError(failure as ApiError);
    }
  };
  return (
    <div class="save">
      <div class="tools">
        {changed.map((each) => (
          <button key={each.what} type="button" class="primary" disabled={hasMistakes} onClick={() => send(each)}>
            {texts.save[each.what]}
          </button>
        ))}
        <button type="button" disabled={!input || input.kind === "put"} onClick={() => setNaming(true)}>
          {texts.save.test}
        </button>
      </div>
      {done && <Notice kind="ok">{done}</Notice>}
      <Failure error={error} />
      {isNaming && (
        <Dialog title={texts.save.testTitle} onClose={() => setNaming(false)}>
          <p>{changed.length > 0 ? texts.save.first : texts.save.testMeans}</p>
          <form
            class="tools"
            onSubmit={(event) => {
              event.preventDefault();
              void send({ what: "test", name, input });
            }}
          >
            <Field label={texts.save.name} value={name} onInput={setName} required />
            <button type="submit" class="primary" disabled={changed.length > 0}>
              {texts.save.test}
            </button>
            <button type="button" onClick={() => setNaming(false)}>
              {common.cancel}
            </button>
          </form>
        </Dialog>
      )}
    </div>
  );
}
