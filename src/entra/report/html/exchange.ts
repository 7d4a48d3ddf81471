import { findingOf } from "../../findings/index.ts";
import type { KeptExchange } from "../data.ts";
import { duration } from "../words.ts";
import { html, type Markup, type Part } from "./markup.ts";

/** A path in readable form. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll("+", " "));
  } catch {
    return path;
  }
}

/** A collapsible request and response. */
export function exchangeDetails(exchange: KeptExchange): Markup {
  const { method, path, purpose, status, failure, tookMs, request, answer, headers, findings } = exchange;
  const isBad = failure !== undefined || (status ?? 0) >= 400;
  const shown = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return html`<details class="exchange"><summary><code>${method} ${readable(path)}</code> <span class="tag ${isBad ? "failure" : "success"}">${status ?? "no answer"}</span> <span class="soft small">${purpose}, ${duration(tookMs)}</span>${findings.map(tag)}</summary>
<div class="inner"><h4>Request</h4><pre>${method} ${path}${request !== undefined && `\n\n${request}`}</pre>
<h4>Answer</h4><pre>${failure ?? [String(status), ...shown].join("\n")}${answer ? `\n\n${answer}` : failure === undefined && "\n\n(no body)"}</pre></div></details>`;
}

const tag = (id: KeptExchange["findings"][number]): Part => {
  const finding = findingOf(id);
  return finding && html` <span class="tag ${finding.severity}">${finding.title.replaceAll("`", "")}</span>`;
};
