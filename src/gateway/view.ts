import type { Mapping } from "../mapping/mapping.ts";
import { type Selection, select } from "../mapping/selection.ts";
import { type Projection, projection } from "../scim/project.ts";
import type { Attribute } from "../scim/schema.ts";

/** What an answer shows: the rows that are read for it, and how a resource is then cut. */
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

/** How many views are kept at the most; clients ask for few. */
const MAX_KNOWN = 100;

export function createViews(mapping: Mapping): Views {
  const known = new Map<string, View>();
  const make = ({ attributes, excludedAttributes }: Shown): View => {
    const { needs, cut, isDefault } = projection(attributes, excludedAttributes, mapping.type);
    return { selection: select(mapping, (row) => needs(row.path)), cut: isDefault ? undefined : cut };
  };
  return {
    all: select(mapping),
    none: { selection: select(mapping, () => false), cut: undefined },
    with: ({ attributes, excludedAttributes }, others) => {
      const { needs, cut } = projection(attributes, excludedAttributes, mapping.type);
      const selection = select(mapping, ({ path }) => needs(path) || others.includes(path.attribute));
      return { selection, cut };
    },
    of: (shown) => {
      const name = `${shown.attributes ?? ""}\n${shown.excludedAttributes ?? ""}`;
      const view = known.get(name) ?? make(shown);
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(name, view);
      return view;
    },
  };
}
