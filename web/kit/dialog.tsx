import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { common } from "../texts/common.ts";

interface DialogProps {
  readonly title: string;
  /** While it is set, nothing closes the dialog. */
  readonly isBusy?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog above the page. The browser keeps the focus within; Escape closes it. */
export function Dialog({ title, isBusy = false, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onCancel={(event) => isBusy && event.preventDefault()}
      // Some browsers close it at a second Escape whatever `cancel` says.
      onClose={() => (isBusy ? element.current?.showModal() : onClose())}
    >
      <div class="head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="plain" disabled={isBusy} onClick={() => element.current?.close()}>
          {common.close}
        </button>
      </div>
      {children}
    </dialog>
  );
}
