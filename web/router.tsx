import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

/** Where all addresses of the console begin. */
export const BASE = "/console";

/** An address within the console: its path without the base, and its query. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const MOVED = "postern-moved";

/** What the browser's history keeps of a place: how far it was scrolled when somebody left it, and the place that they came from. */
interface KeptPlace {
  readonly scroll?: number;
  readonly from?: string;
}

const kept = (): KeptPlace => (history.state as KeptPlace | null) ?? {};
const hereNow = (): string => `${location.pathname.slice(BASE.length) || "/"}${location.search}`;

// Pages are drawn after they are loaded, so only they know when they can be scrolled to where they were.
history.scrollRestoration = "manual";
let noting: ReturnType<typeof setTimeout> | undefined;
const noteScroll = () => {
  clearTimeout(noting);
  history.replaceState({ ...kept(), scroll: scrollY }, "");
};
addEventListener(
  "scroll",
  () => {
    clearTimeout(noting);
    noting = setTimeout(noteScroll, 200);
  },
  { passive: true },
);
addEventListener("popstate", () => clearTimeout(noting));
addEventListener("pagehide", noteScroll);

/** The place within the console that somebody came from, such as `/live?route=/scim`; undefined if they began here. */
const cameFrom = (): string | undefined => kept().from;

/** Reports whether somebody came back to this place, rather than anew. */
export const isBack = (): boolean => kept().scroll !== undefined;

/** Scrolls to where a place was when somebody left it, once it is shown. */
export function useKeptScroll(isShown: boolean): void {
  // As it is at first: until a page is drawn it is shorter, and so is scrolled elsewhere.
  const [{ scroll }] = useState(kept);
  useLayoutEffect(() => {
    if (isShown && scroll !== undefined) scrollTo(0, scroll);
  }, [isShown]);
}

const placeNow = (): Place => ({
  path: location.pathname.slice(BASE.length) || "/",
  query: new URLSearchParams(location.search),
});

/** Goes to an address within the console, such as `/live?route=/scim`. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState({ from: kept().from }, "", BASE + to);
  else {
    noteScroll();
    history.pushState({ from: hereNow() }, "", BASE + to);
    scrollTo(0, 0);
  }
  dispatchEvent(new Event(MOVED));
}

/** The address as it is, and as it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const moved = () => setPlace(placeNow());
    for (const event of [MOVED, "popstate"]) addEventListener(event, moved);
    return () => {
      for (const event of [MOVED, "popstate"]) removeEventListener(event, moved);
    };
  }, []);
  return place;
}

/** Changes parts of the query, and leaves the rest; an empty value removes its part. */
export function setQuery(parts: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = placeNow();
  for (const [name, value] of Object.entries(parts)) value ? query.set(name, value) : query.delete(name);
  navigate(query.size > 0 ? `${path}?${query}` : path, { replace: true });
}

interface LinkProps {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly current?: boolean;
  readonly class?: string;
  readonly onClick?: () => void;
}

/** Whether a click is to follow a link here, and not in another tab or window. */
const isPlain = (event: MouseEvent): boolean =>
  !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;

/** A link within the console, which doesn't load the page anew. */
export function Link({ to, children, current = false, onClick, ...rest }: LinkProps) {
  const click = (event: MouseEvent) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    onClick?.();
    navigate(to);
  };
  return (
    <a href={BASE + to} onClick={click} aria-current={current ? "page" : undefined} {...rest}>
      {children}
    </a>
  );
}

interface BackLinkProps {
  /** Where it leads if somebody didn't come from within the console. */
  readonly to: string;
  /** Its text, by where it leads. */
  readonly text: (to: string) => string;
}

/** A link to where somebody came from, which is as they left it. */
export function BackLink({ to, text }: BackLinkProps) {
  const from = cameFrom();
  const click = (event: MouseEvent) => {
    if (from === undefined || !isPlain(event)) return;
    event.preventDefault();
    history.back();
  };
  if (from === undefined)
    return (
      <Link to={to} class="button">
        {text(to)}
      </Link>
    );
  return (
    <a href={BASE + from} onClick={click} class="button">
      {text(from)}
    </a>
  );
}
