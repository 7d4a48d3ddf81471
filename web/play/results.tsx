import type { AskedCall, FilterSplit, Mistake, Trial } from "../../src/console/api/mappings.ts";
import { Badge } from "../kit/badge.tsx";
import { Code } from "../kit/code.tsx";
import { Notice } from "../kit/notice.tsx";
import { playgroundTexts as texts } from "../texts/playground.ts";
import type { InputKind } from "./inputs.ts";

const jsonText = (value: unknown): string => JSON.stringify(value, undefined, 2);

/** Mistakes and warnings of the mapping. Each leads to its place. */
export function Problems({
  problems,
  onOpen,
}: {
  readonly problems: readonly Mistake[];
  readonly onOpen: (mistake: Mistake) => void;
}) {
  if (problems.length === 0) return null;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return (
    <Notice kind={errors > 0 ? "error" : "warning"}>
      <strong>{texts.problems(errors, problems.length - errors)}</strong>
      <ul class="problems">
        {problems.map((each) => (
          <li key={`${each.line}:${each.column}:${each.message}`}>
            <button type="button" class="plain small" onClick={() => onOpen(each)}>
              {texts.at(each.line, each.column)}
            </button>{" "}
            {each.message}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** What a trial shows: of a write what is written comes first, of a read the answer. */
export function Results({ trial, kind }: { readonly trial: Trial; readonly kind: InputKind }) {
  const isRefused = trial.answer.status >= 400;
  const answer = <Answer {...trial.answer} />;
  const isIdle =
    (kind === "patch" || kind === "put") && !isRefused && !trial.asked.some(({ call }) => call === "update");
  return (
    <>
      {trial.filter && <Split {...trial.filter} />}
      {(isRefused || kind === "entry") && answer}
      {isIdle && <Notice kind="info">{texts.nothingWritten}</Notice>}
      <section class="result">
        <h3>{texts.asked}</h3>
        {trial.asked.length === 0 && <p class="quiet">{texts.nothingAsked}</p>}
        <ol class="calls">
          {trial.asked.map((call, index) => (
            <Call key={`${index} ${call.call}`} {...call} />
          ))}
        </ol>
      </section>
      {!isRefused && kind !== "entry" && answer}
    </>
  );
}

function Answer({ status, body }: Trial["answer"]) {
  return (
    <section class="result">
      <h3>
        {texts.answer} <Badge tone={status < 400 ? "good" : "bad"}>{status}</Badge>
      </h3>
      {body === undefined ? <p class="quiet">{texts.noBody}</p> : <Code label={texts.answer} text={jsonText(body)} />}
    </section>
  );
}

const TONES = { exact: "good", superset: "warn", none: "bad" } as const;

function Split({ pushed, where, rest }: FilterSplit) {
  return (
    <section class="result">
      <h3>
        {texts.filterTitle} <Badge tone={TONES[pushed]}>{texts.pushed[pushed]}</Badge>
      </h3>
      <p>{texts.splits[pushed]}</p>
      <dl>
        {where !== undefined && (
          <>
            <dt>{texts.where}</dt>
            <dd>
              <code>{where}</code>
            </dd>
          </>
        )}
        {rest !== undefined && (
          <>
            <dt>{texts.rest}</dt>
            <dd>
              <code>{rest}</code>
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Call({ call, kind, connector, native, entry, changes, to, values }: AskedCall) {
  return (
    <li>
      <p>
        <strong>{texts.calls[call]}</strong> <span class="quiet">{texts.in(kind, connector)}</span>
      </p>
      {values && <p>{texts.looked(to ?? "", values.join(", "))}</p>}
      {entry && <Titled title={texts.written} text={jsonText(entry)} />}
      {changes && <Titled title={texts.changes} text={changes.join("\n")} />}
      {native !== "" && <Titled title={texts.native} text={native} />}
    </li>
  );
}

const Titled = ({ title, text }: { readonly title: string; readonly text: string }) => (
  <div>
    <p class="caption">{title}</p>
    <Code label={title} text={text} />
  </div>
);
