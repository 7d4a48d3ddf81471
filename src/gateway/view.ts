import type { Mapping, Row } from "../mapping/mapping.ts";
import { type Selection, select } from "../mapping/selection.ts";
import { type Projection, projection, type Requested, requested } from "../scim/project.ts";
import type { Attribute } from "../scim/schema.ts";

/** What a response shows: the rows to read, and how to project the resource. Frozen, because callers share it. */
export interface View {
  readonly selection: Selection;
  readonly cut: Projection["cut"] | undefined;
}

/** The parameters that select what a response shows, RFC 7644 §3.9. */
export interface Shown {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/** The views of a resource type. */
export interface Views {
  /** All rows, for comparing or filtering here. */
  readonly all: Selection;
  /** Only the ID, for a write without a response body. */
  readonly none: View;
  readonly of: (shown: Shown) => View;
  /** A view that reads additional attributes for comparison and removes them afterwards. */
  readonly with: (shown: Shown, attributes: readonly Attribute[]) => View & Pick<Projection, "cut">;
}

/**
 * Reports whether a row must be read for a view. Any part of a list element requires reading its identifying parts, even if they do not
 * come from an attribute.
 */
const wantsRow =
  (needs: Projection["needs"]) =>
  ({ path }: Row): boolean => {
    const { schema, attribute, sub } = path;
    const isElement = attribute.multiValued && attribute.type === "complex" && sub?.returned !== "never";
    return needs(path) || (isElement && needs({ schema, attribute }));
  };

/** How many views are cached, and the maximum length of their keys. Clients use few, with short attribute lists. */
const MAX_KEPT = 100;
const MAX_KEPT_LENGTH = 1000;

/**
 * The views of a mapping's resources. A view depends only on the requested attributes in canonical form, which is also its cache key.
 * Requests share a view only if each alone would have got the same one. The caller does not matter.
 */
export function createViews(mapping: Mapping): Views {
  const { type } = mapping;
  const kept = new Map<string, View>();
  const viewOf = (choice: Requested): View => {
    const { needs, cut, isDefault } = projection(choice, type);
    const wants = isDefault ? ({ path }: Row) => needs(path) : wantsRow(needs);
    return Object.freeze({ selection: select(mapping, wants), cut: isDefault ? undefined : cut });
  };
  return {
    all: select(mapping),
    none: Object.freeze({ selection: select(mapping, () => false), cut: undefined }),
    with: ({ attributes, excludedAttributes }, others) => {
      const { needs, cut } = projection(requested(attributes, excludedAttributes, type), type);
      const wants = wantsRow(needs);
      const selection = select(mapping, (row) => wants(row) || others.includes(row.path.attribute));
      return { selection, cut };
    },
    of: ({ attributes, excludedAttributes }) => {
      const choice = requested(attributes, excludedAttributes, type);
      const name = JSON.stringify([choice.attributes ?? null, choice.excluded]);
      const view = kept.get(name) ?? viewOf(choice);
      if (name.length > MAX_KEPT_LENGTH) return view;
      kept.delete(name);
      kept.set(name, view);
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
      return view;
    },
  };
}
