import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ApiError } from "../api.ts";
import { common } from "../texts/common.ts";

/** Says that something is awaited. */
export const Loading = () => (
  <p class="quiet" role="status">
    {common.loading}
  </p>
);

/** Tells people something that they should notice. Errors are read out at once. */
export function Notice({
  kind,
  children,
}: {
  readonly kind: "error" | "warning" | "info" | "ok";
  readonly children: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** Says what was done. It takes the focus, because the button that was pressed may be gone, and it may be out of sight. */
export function Done({ text }: { readonly text: string }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => element.current?.focus(), [text]);
  return (
    <div ref={element} class="notice ok" role="status" tabIndex={-1}>
      {text}
    </div>
  );
}

/** Says that there is nothing, and what to do about it. */
export const Empty = ({ children = common.nothing }: { readonly children?: ComponentChildren }) => (
  <p class="quiet empty">{children}</p>
);

/** Tells why something could not be loaded. */
export const Failure = ({ error }: { readonly error: ApiError | undefined }) =>
  error ? <Notice kind="error">{error.status === 0 ? common.noAnswer : error.message || common.failed}</Notice> : null;
