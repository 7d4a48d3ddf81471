import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { LiveChoices } from "../../src/console/api/live.ts";
import { Choice, Field } from "../kit/field.tsx";
import { setQuery } from "../router.tsx";
import { liveTexts } from "../texts/live.ts";

const texts = liveTexts.filters;

/** Filters that a page's address has, besides times. */
const NAMES = ["search", "result", "route", "type", "action", "caller", "requestId", "resource"] as const;
const SPANS = { "15m": 15 * 60_000, "1h": 3_600_000, "24h": 24 * 3_600_000, "7d": 7 * 24 * 3_600_000 } as const;
const TIMES = ["since", "from", "until"] as const;
const isSpan = (text: string): text is keyof typeof SPANS => text in SPANS;

/** What the API is asked, by a page's address. A span such as the last hour begins at `now`. */
export function queryOf(address: URLSearchParams, now: number): { readonly query: string; readonly isPast: boolean } {
  const asked = new URLSearchParams();
  for (const name of NAMES) {
    const value = address.get(name);
    if (value) asked.set(name, value);
  }
  const since = address.get("since") ?? "";
  if (isSpan(since)) asked.set("from", new Date(now - SPANS[since]).toISOString());
  for (const name of ["from", "until"]) {
    const at = Date.parse(address.get(name) ?? "");
    if (!Number.isNaN(at)) asked.set(name, new Date(at).toISOString());
  }
  const until = asked.get("until");
  return { query: String(asked), isPast: until !== null && Date.parse(until) <= now };
}

/** Reports whether an address has any filter. */
export const isFiltered = (address: URLSearchParams): boolean => [...NAMES, ...TIMES].some((name) => address.get(name));

/** Removes all filters from the address. */
export const clearFilters = (): void =>
  setQuery(Object.fromEntries([...NAMES, ...TIMES].map((name) => [name, undefined])));

interface FiltersProps {
  readonly address: URLSearchParams;
  readonly choices: LiveChoices | undefined;
  /** Callers that were seen: some are configured no more. */
  readonly callers: readonly string[];
}

/** The filters, as fields that change the page's address. */
export function Filters({ address, choices, callers }: FiltersProps) {
  const value = (name: string) => address.get(name) ?? "";
  const any = ["", texts.all] as const;
  const of = (names: readonly string[], name: string) => [
    any,
    ...[...new Set([...names, ...(value(name) ? [value(name)] : [])])].map((each) => [each, each] as const),
  ];
  const hasMore = ["route", "type", "action", "caller", ...TIMES].some(value);
  return (
    <search>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <div class="row">
          <Typed name="search" label={texts.search} placeholder={texts.searchHint} value={value("search")} />
          <Choice
            label={texts.result}
            value={value("result")}
            options={[any, ["success", liveTexts.success], ["failure", liveTexts.failure]]}
            onChange={(result) => setQuery({ result })}
          />
        </div>
        <details open={hasMore}>
          <summary>{texts.more}</summary>
          <div class="row">
            <Choice
              label={texts.route}
              value={value("route")}
              options={of(choices?.routes ?? [], "route")}
              onChange={(route) => setQuery({ route })}
            />
            <Choice
              label={texts.type}
              value={value("type")}
              options={of(choices?.types ?? [], "type")}
              onChange={(type) => setQuery({ type })}
            />
            <Choice
              label={texts.action}
              value={value("action")}
              options={[any, ...Object.entries(liveTexts.actions)]}
              onChange={(action) => setQuery({ action })}
            />
            <Choice
              label={texts.caller}
              value={value("caller")}
              options={of([...new Set([...(choices?.callers ?? []), ...callers])].toSorted(), "caller")}
              onChange={(caller) => setQuery({ caller })}
            />
            <Times address={address} />
          </div>
        </details>
        <Chips address={address} />
      </form>
    </search>
  );
}

/** A field whose text reaches the address when somebody stops typing. */
function Typed({ name, value, ...rest }: { name: string; label: string; placeholder: string; value: string }) {
  const [text, setText] = useState(value);
  const typed = useRef(value);
  useEffect(() => {
    if (value === typed.current) return;
    typed.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === typed.current) return;
    const timer = setTimeout(() => {
      typed.current = text.trim();
      setQuery({ [name]: text.trim() });
    }, 300);
    return () => clearTimeout(timer);
  }, [text, name]);
  return <Field {...rest} type="search" value={text} onInput={setText} />;
}

function Times({ address }: { readonly address: URLSearchParams }) {
  const [isBetween, setBetween] = useState(false);
  const since = address.get("since") ?? "";
  const hasTimes = Boolean(address.get("from") || address.get("until"));
  const chosen = isBetween || hasTimes ? "between" : isSpan(since) ? since : "";
  const options = [["", texts.anyTime] as const, ...Object.entries(texts.since), ["between", texts.between] as const];
  const choose = (value: string) => {
    setBetween(value === "between");
    setQuery({ since: isSpan(value) ? value : undefined, from: undefined, until: undefined });
  };
  return (
    <>
      <Choice label={texts.time} value={chosen} options={options} onChange={choose} />
      {chosen === "between" && (
        <>
          <Moment label={texts.from} name="from" value={address.get("from")} />
          <Moment label={texts.until} name="until" value={address.get("until")} />
        </>
      )}
    </>
  );
}

/** A time, in the browser's time zone. */
function Moment({ label, name, value }: { label: string; name: string; value: string | null }) {
  const id = useId();
  const at = Date.parse(value ?? "");
  const local = Number.isNaN(at) ? "" : new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString();
  const change = (text: string) => {
    const chosen = new Date(text);
    setQuery({ [name]: Number.isNaN(chosen.getTime()) ? undefined : chosen.toISOString() });
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="datetime-local"
        value={local.slice(0, 16)}
        onChange={(event) => change(event.currentTarget.value)}
      />
    </div>
  );
}

/** Filters that only links set: each can be removed. */
function Chips({ address }: { readonly address: URLSearchParams }) {
  const set = (["requestId", "resource"] as const).filter((name) => address.get(name));
  if (set.length === 0) return null;
  return (
    <ul class="chips">
      {set.map((name) => (
        <li key={name}>
          <span>
            {texts[name]}: <code>{address.get(name)}</code>
          </span>
          <button
            type="button"
            class="plain small"
            aria-label={texts.remove(texts[name])}
            onClick={() => setQuery({ [name]: undefined })}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
