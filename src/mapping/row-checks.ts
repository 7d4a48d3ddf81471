import { treeOf } from "../expression/compile.ts";
import { isExpressionTree } from "../expression/inspect.ts";
import { ProblemError } from "./problem.ts";

/**
 * The attribute that a row names with a plain text. Throws a `ProblemError` for an expression, which would otherwise be used as the name of
 * an attribute that no entry has. Use `{ attr: ... }` for an attribute that is really called so.
 */
export function attributeNamed(text: string): string {
  if (!isExpression(text)) return text;
  throw new ProblemError(
    "this is an expression, but an attribute name is expected here: for an expression, write { read: ... }; for an attribute of this name, write { attr: ... }",
    { code: "expression-as-name" },
  );
}

/** Reports whether a text can only be JSONata. */
export function isExpression(text: string): boolean {
  if (!/[$&"'(=?]/.test(text)) return false;
  const tree = treeOf(text);
  return tree !== undefined && isExpressionTree(tree);
}

/**
 * Throws a `ProblemError` for a value table that is ambiguous when read: one backend value for two SCIM values. SCIM values are compared
 * case-insensitively.
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
        `${JSON.stringify(backend)} stands for both ${other} and ${scim}, so an entry with this value cannot be read. Give each its own value, or use an expression`,
        { code: "ambiguous-values" },
      );
    byBackend.set(backend, scim);
  }
}
