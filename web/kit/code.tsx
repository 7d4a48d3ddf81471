import { useState } from "preact/hooks";
import { common } from "../texts/common.ts";

/** A block of code, which can be copied. */
export function Code({ text, label }: { readonly text: string; readonly label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="code">
      <button type="button" class="plain small" onClick={copy} aria-label={`${common.copy}: ${label}`}>
        {isCopied ? common.copied : common.copy}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard. */}
      <section tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
    </div>
  );
}
