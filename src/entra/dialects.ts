import { expressionText, type Value } from "./expression/index.ts";
import type { AttributeFlow } from "./job.ts";

/** The PATCH dialect: `legacy` as new applications get it, or `compliant` as `?aadOptscim062020` on the Tenant URL requests. */
export const DIALECTS = ["legacy", "compliant"] as const;
/** A PATCH dialect. */
export type Dialect = (typeof DIALECTS)[number];

/** An attribute whose value differs from the target's. */
export interface Difference {
  readonly flow: AttributeFlow;
  readonly wanted: Value;
  /** The target's value, as text; undefined for none. */
  readonly current?: string;
}

/** An operation of PATCH. */
export interface Operation {
  readonly op: string;
  readonly path?: string;
  readonly value?: unknown;
}

const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** A PATCH body, RFC 7644 §3.5.2. */
export const patchBody = (operations: readonly Operation[]) => ({ schemas: [PATCH_OP], Operations: operations });

/** A value in a body: booleans are strings in legacy PATCHes, and JSON booleans elsewhere. */
export function bodyValue({ type }: AttributeFlow, value: Value, isLegacyPatch: boolean): unknown {
  if (typeof value !== "string") return value;
  if (type === "Boolean") return isLegacyPatch ? value : /^true$/i.test(value);
  if (type === "Integer" && /^-?\d{1,15}$/.test(value)) return Number(value);
  return value;
}

/**
 * The operations that change attributes: one per attribute in the legacy dialect; in the compliant one, those without a selector are
 * combined.
 */
export function changeOperations(differences: readonly Difference[], dialect: Dialect): Operation[] {
  if (dialect === "legacy")
    return differences.map(({ flow, wanted, current }) => ({
      op: current === undefined || isAddedAsText(flow) ? "Add" : "Replace",
      path: flow.target.text,
      value: Array.isArray(wanted) && isAddedAsText(flow) ? wanted.map(asJsonText) : bodyValue(flow, wanted, true),
    }));
  const isAlone = ({ flow }: Difference) => flow.target.selector !== undefined || isActive(flow);
  const alone = differences.filter(isAlone).map(({ flow, wanted, current }) => ({
    op: current === undefined ? "add" : "replace",
    path: flow.target.text,
    value: bodyValue(flow, wanted, false),
  }));
  const together = differences.filter((each) => !isAlone(each));
  if (together.length === 0) return alone;
  const value = Object.fromEntries(
    together.map(({ flow, wanted }) => [flow.target.text, bodyValue(flow, wanted, false)]),
  );
  return [...alone, { op: "replace", value }];
}

/** Roles of `AppRoleAssignmentsComplex` are added one by one, each as JSON in a string. */
const isAddedAsText = ({ source }: AttributeFlow): boolean =>
  source !== undefined && expressionText(source).startsWith("AppRoleAssignmentsComplex(");

const asJsonText = (value: unknown) => ({ value: JSON.stringify(value) });

const isActive = ({ target }: AttributeFlow): boolean => target.text.toLowerCase() === "active";

/** The operation that sets a reference, such as the manager, or removes it with an empty string. */
export function referenceOperation(flow: AttributeFlow, targetId: string | undefined, dialect: Dialect): Operation {
  const path = flow.target.text;
  const op = targetId === undefined ? "Replace" : "Add";
  return { op: dialect === "legacy" ? op : op.toLowerCase(), path, value: targetId ?? "" };
}

/** The operations that add or remove members. */
export function memberOperations(ids: readonly string[], isAdding: boolean, dialect: Dialect): Operation[] {
  if (dialect === "legacy")
    return [{ op: isAdding ? "Add" : "Remove", path: "members", value: ids.map((value) => ({ $ref: null, value })) }];
  if (isAdding) return [{ op: "add", path: "members", value: ids.map((value) => ({ value })) }];
  return ids.map((id) => ({ op: "remove", path: `members[value eq ${JSON.stringify(id)}]` }));
}
