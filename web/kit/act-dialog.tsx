import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { common } from "../texts/common.ts";
import { Dialog } from "./dialog.tsx";
import { Notice } from "./notice.tsx";

interface ActDialogProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Nothing is chosen: there is nothing to do. */
  readonly isEmpty?: boolean;
  /** The label of the field for the reason; without it none is asked for. */
  readonly reason?: string;
  /** What must be typed before it can be done, and what asks for it. */
  readonly typed?: { readonly label: string; readonly text: string };
  /** Does it. What it throws is told in the dialog, which then stays open. */
  readonly onAct: (reason: string) => Promise<void>;
  readonly onClose: () => void;
  /** Says in words what will happen. */
  readonly children: ComponentChildren;
}

/** Asks whether something should be done, says what will happen, and does it. */
export function ActDialog(props: ActDialogProps) {
  const { title, action, isDangerous, isEmpty = false, reason, typed, onAct, onClose, children } = props;
  const [why, setWhy] = useState("");
  const [said, setSaid] = useState("");
  const [error, setError] = useState("");
  const [isWorking, setWorking] = useState(false);
  const ids = [useId(), useId()] as const;
  const submit = async (event: Event) => {
    event.preventDefault();
    setWorking(true);
    setError("");
    try {
      await onAct(why.trim());
      onClose();
    } catch (failure) {
      setWorking(false);
      setError(failure instanceof ApiError && failure.status > 0 ? failure.message : common.noAnswer);
    }
  };
  const isReady = !isEmpty && (!reason || /[\p{L}\p{N}]/u.test(why)) && (!typed || said.trim() === typed.text);
  return (
    <Dialog title={title} isBusy={isWorking} onClose={onClose}>
      <form class="act" onSubmit={submit}>
        <div class="act-words">{children}</div>
        {typed && (
          <div class="field">
            <label for={ids[0]}>{typed.label}</label>
            <input
              id={ids[0]}
              value={said}
              autocomplete="off"
              onInput={(event) => setSaid(event.currentTarget.value)}
            />
          </div>
        )}
        {reason && (
          <div class="field">
            <label for={ids[1]}>{reason}</label>
            <textarea
              id={ids[1]}
              rows={2}
              maxLength={1000}
              value={why}
              onInput={(event) => setWhy(event.currentTarget.value)}
            />
          </div>
        )}
        {error && <Notice kind="error">{error}</Notice>}
        <div class="tools">
          <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={!isReady || isWorking}>
            {isWorking ? common.working : action}
          </button>
          <button type="button" disabled={isWorking} onClick={onClose}>
            {common.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
