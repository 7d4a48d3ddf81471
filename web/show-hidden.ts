import { type ComponentChildren, options } from "preact";
import { visible } from "./texts/values.ts";

const ATTRIBUTES = ["title", "aria-label", "placeholder"] as const;

/** Has every text that the console shows written out. What people type, and what they copy, stays as it is. */
export function showHidden(): void {
  const before = options.vnode;
  options.vnode = (vnode) => {
    const props = vnode.props as Record<string, unknown> & { children?: ComponentChildren };
    if (props.children !== undefined) props.children = shown(props.children);
    for (const name of ATTRIBUTES) if (typeof props[name] === "string") props[name] = visible(props[name]);
    before?.(vnode);
  };
}

function shown(children: ComponentChildren): ComponentChildren {
  if (typeof children === "string") return visible(children);
  return Array.isArray(children) ? children.map(shown) : children;
}
