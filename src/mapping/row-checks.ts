import { treeOf } from "../expression/compile.ts";
import { isExpressionTree } from "../expression/inspect.ts";
import { ProblemError } from "./problem.ts";

/**
 * The attribute that a row names by a text alone. Throws a `ProblemError` for an expression: it would be taken for the name of an attribute
 * that no entry has. An attribute that is really called so is named by `{ attr: ... }`.
 */
export function attributeNamed(text: string): string {
  if (!isExpression(text)) return text;
  throw new ProblemError(
    "this is an expression, but the name of an attribute is expected here: write { read: ... } for an expression, or { attr: ... } if that is the attribute's name",
    { code: "expression-as-name" },
  );
}

/** Whether a text can only be meant as JSONata. */
export function isExpression(text: string): boolean {
  if (!/[$&"'(=?]/.test(text)) return false;
  const tree = treeOf(text);
  return tree !== undefined && isExpressionTree(tree);
}

/**
 * Throws a `ProblemError` for a table of values that gives one backend value twice where it is read: which of SCIM's values it stands for
 * could not be told. The names of SCIM's are compared without regard to case.
 */
export function checkValues(
  values: Readonly<Record<string, string | number | boolean>>,
  { writeOnly }: { readonly writeOnly: boolean },
): void {
  const byBackend = new Map<unknown, string>();
  const byScim = new Map<string, string>();
  for (const [scim, backend] of Object.entries(values)) {
    const twin = byScim.get(scim.toLowerCase());
    if (twin !== undefined)
      throw new ProblemError(`"${twin}" and "${scim}" are the same value in SCIM, which ignores case`, {
        code: "ambiguous-values",
      });
    byScim.set(scim.toLowerCase(), scim);
    const other = byBackend.get(backend);
    if (other !== undefined && !writeOnly)
      throw new ProblemError(
        `${JSON.stringify(backend)} stands for both ${other} and ${scim}, so an entry that holds it cannot be read. Give each its own value, or use an expression`,
        { code: "ambiguous-values" },
      );
    byBackend.set(backend, scim);
  }
}
