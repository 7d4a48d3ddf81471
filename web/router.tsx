import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Where all addresses of the console begin. */
export const BASE = "/console";

/** An address within the console: its path without the base, and its query. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const MOVED = "postern-moved";

const placeNow = (): Place => ({
  path: location.pathname.slice(BASE.length) || "/",
  query: new URLSearchParams(location.search),
});

/** Goes to an address within the console, such as `/live?route=/scim`. */
export function navigate(to: string, { replace = false } = {}): void {
  history[replace ? "replaceState" : "pushState"](null, "", BASE + to);
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

/** A link within the console, which doesn't load the page anew. */
export function Link({ to, children, current = false, onClick, ...rest }: LinkProps) {
  const click = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
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
