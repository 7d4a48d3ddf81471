import type { Call, FunctionDefinition } from "../definition.ts";
import { type Value, valuesOf } from "../value.ts";

/** Functions for multi-valued attributes and app roles. */
export const listFunctions: readonly FunctionDefinition[] = [
  {
    name: "AppRoleAssignmentsComplex",
    parameters: ["appRoleAssignments"],
    summary: "The roles as complex SCIM values. Roles that were removed stay at the target.",
    evaluate: (call) => roles(call, "displayName"),
  },
  {
    name: "AssertiveAppRoleAssignmentsComplex",
    parameters: ["appRoleAssignments"],
    summary: "The roles as complex SCIM values. They replace the roles at the target.",
    evaluate: (call) => roles(call, "display"),
  },
  {
    name: "Count",
    parameters: ["attribute"],
    summary: "The number of values.",
    evaluate: (call) => String(valuesOf(call.value(0)).length),
  },
  {
    name: "Item",
    parameters: ["attribute", "index"],
    summary: "The value at a position, counted from 1; null beyond the last.",
    evaluate: (call) => {
      const index = call.integer(1) ?? 0;
      if (index < 1) throw call.error("positions start at 1", 1);
      const item = valuesOf(call.value(0))[index - 1];
      return typeof item === "object" ? [item] : item;
    },
  },
  {
    name: "RemoveDuplicates",
    parameters: ["attribute"],
    summary: "Removes duplicate values.",
    evaluate: (call) => {
      const value = call.value(0);
      if (value === undefined || typeof value === "string") return value;
      return [...new Map(value.map((each) => [JSON.stringify(each), each])).values()];
    },
  },
  {
    name: "SingleAppRoleAssignment",
    parameters: ["appRoleAssignments"],
    summary: "The display name of the assigned role.",
    evaluate: (call) => {
      const [first] = assignedRoles(call);
      return first?.display;
    },
  },
];

interface Role {
  readonly id?: string;
  readonly value: string;
  readonly display: string;
}

/** Reads the assigned roles: names, or objects with `value`, `displayName` and `id`. */
function assignedRoles(call: Call): readonly Role[] {
  return valuesOf(call.value(0)).map((each) => {
    if (typeof each === "string") return { value: each, display: each };
    const { id, value, displayName } = each;
    const name = [displayName, value].find((text) => typeof text === "string");
    if (typeof name !== "string") throw call.error("a role needs a value or a displayName", 0);
    return { ...(typeof id === "string" && { id }), value: typeof value === "string" ? value : name, display: name };
  });
}

/** The roles as Entra ID sends them in a POST. `id` is added if the directory has it: the default PATCH format includes it, a POST doesn't. */
function roles(call: Call, nameOfDisplay: "display" | "displayName"): Value {
  const objects = assignedRoles(call).map(({ id, value, display }) => ({
    ...(nameOfDisplay === "displayName" && id !== undefined && { id }),
    primary: false,
    type: "WindowsAzureActiveDirectoryRole",
    [nameOfDisplay]: display,
    value,
  }));
  return objects.length === 0 ? undefined : objects;
}
