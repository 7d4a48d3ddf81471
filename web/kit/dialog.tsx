import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { common } from "../texts/common.ts";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog above the page. The browser keeps the focus within; Escape closes it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} aria-labelledby={id} onClose={onClose}>
      <div class="head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="plain" onClick={() => element.current?.close()}>
          {common.close}
        </button>
      </div>
      {children}
    </dialog>
  );
}
