import { attributeOf, displayNameOf, type Engine } from "./engine.ts";
import type { ObjectFlow } from "./job.ts";
import type { Step } from "./report-data.ts";
import { passes } from "./scope.ts";
import type { StoredObject } from "./source-store.ts";

/** Whether an object should be in the target, and how the log describes it. */
export interface Entitlement {
  readonly isEntitled: boolean;
  readonly isActive: boolean;
  readonly step: Step;
}

/** Reports whether an object is considered at all: input filters drop objects as if they did not exist. */
export const isImported = ({ input }: ObjectFlow, object: StoredObject): boolean =>
  passes(input, attributeOf(object)).passed;

/** Evaluates the four parts of Entra's scoping: active, assigned, role, filter. */
export function entitlementOf(
  { store, behaviour, job }: Engine,
  { scope }: ObjectFlow,
  object: StoredObject,
): Entitlement {
  const attribute = attributeOf(object);
  const isTrue = (name: string) => /^true$/i.test(String(attribute(name)));
  const isActive =
    !object.isPurged && !isTrue("IsSoftDeleted") && (object.type === "Group" || isTrue("accountEnabled"));
  const isAssigned = behaviour.scope === "all" || store.isAssigned(object);
  const { passed, clauses } = passes(scope, attribute);
  const isEntitled = isActive && isAssigned && passed;
  const said = (value: boolean) => (value ? "True" : "False");
  return {
    isEntitled,
    isActive,
    step: {
      name: "EntrySynchronizationScoping",
      type: "scoping",
      status: isEntitled ? "success" : "skipped",
      description: isEntitled
        ? `${object.type} '${displayNameOf(object)}' is in scope`
        : `${object.type} '${displayNameOf(object)}' is not in scope: ${reason(isActive, isAssigned, job.sourceName)}`,
      details: {
        "Active in the source system": said(isActive),
        "Assigned to the application": said(isAssigned),
        [`${object.type} has the required role`]: said(isAssigned),
        "Scoping filter evaluation passed": said(passed),
        ScopeEvaluationResult: JSON.stringify(clauses),
      },
    },
  };
}

function reason(isActive: boolean, isAssigned: boolean, source: string): string {
  if (!isActive) return `it is disabled or deleted in ${source}`;
  return isAssigned ? "it does not pass the scoping filter" : "it is not assigned to the application";
}
