import type { Mapping, Row } from "../mapping/mapping.ts";
import { type Selection, select } from "../mapping/selection.ts";
import { type Projection, projection, type Requested, requested } from "../scim/project.ts";
import type { Attribute } from "../scim/schema.ts";

/** What an answer shows: the rows that are read for it, and how a resource is then cut. Frozen: many callers share it. */
export interface View {
  readonly selection: Selection;
  readonly cut: Projection["cut"] | undefined;
}

/** The parameters that choose what an answer shows, RFC 7644 §3.9. */
export interface Shown {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/** The views of a resource type. */
export interface Views {
  /** Every row, for what is compared or filtered here. */
  readonly all: Selection;
  /** The id alone, for a write without an answer. */
  readonly none: View;
  readonly of: (shown: Shown) => View;
  /** What an answer shows, where more than that has to be read: attributes that are compared here, and then cut off. */
  readonly with: (shown: Shown, attributes: readonly Attribute[]) => View & Pick<Projection, "cut">;
}

/**
 * Whether a row has to be read for what is shown. An element of a list is there by any of its parts: what it is called, or refers to,
 * is shown of it even where that comes from no attribute.
 */
const wantsRow =
  (needs: Projection["needs"]) =>
  ({ path }: Row): boolean => {
    const { schema, attribute, sub } = path;
    const isElement = attribute.multiValued && attribute.type === "complex" && sub?.returned !== "never";
    return needs(path) || (isElement && needs({ schema, attribute }));
  };

/** How many views are kept, and for how long a choice of attributes. Clients ask for few, by short lists. */
const MAX_KEPT = 100;
const MAX_KEPT_LENGTH = 1000;

/**
 * The views of a mapping's resources. A view follows from what is requested alone, in its one canonical form, which is also
 * what it is kept by: two requests share a view only where each by itself would have got the same one. Whose request it is does
 * not come in.
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
