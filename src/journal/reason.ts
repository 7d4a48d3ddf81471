import { isObject } from "../scim/schema.ts";
import { isSecretName, redactMessage, type Shows } from "./redact.ts";
import type { BackendCall } from "./trace.ts";

const MAX_REASON = 1000;

/**
 * Why a call failed, to follow on "failed": the connector's words, with the backend's own answer. Values of the request, and those that the
 * backend was asked with, are hidden in it unless values are kept; secrets always.
 */
export function reasonOf(call: BackendCall, sent: unknown, { values, secretAttrs }: Shows): string {
  if (call.reason === undefined) return ": a fault of the gateway's; its log has it.";
  const asked = valuesIn(call);
  const isSecret = (attr: string) => secretAttrs.has(attr) || isSecretName(attr);
  const hidden = values
    ? asked.flatMap(([attr, text]) => (isSecret(attr) ? [text] : []))
    : [sent, asked.map(([, text]) => text)];
  return ` (${call.failure}): ${redactMessage(call.reason, hidden).slice(0, MAX_REASON)}`;
}

/** The values that a backend was asked with, each with its attribute. */
function valuesIn({ request }: BackendCall): (readonly [attr: string, value: string | number])[] {
  const changes = listIn(request.changes).flatMap((change) =>
    isObject(change) ? [change.values, change.from, change.to].flatMap((value) => pairs(change.attr, value)) : [],
  );
  const entry = isObject(request.entry) ? Object.entries(request.entry) : [];
  return [...entry.flatMap(([attr, value]) => pairs(attr, value)), ...changes, ...valuesOf(request.where)];
}

function valuesOf(condition: unknown): (readonly [string, string | number])[] {
  if (!isObject(condition)) return [];
  const { attr, value, condition: inner, conditions } = condition;
  return [...pairs(attr, value), ...[inner, ...listIn(conditions)].flatMap(valuesOf)];
}

/** The texts and numbers within a value, each with the attribute. */
function pairs(attr: unknown, given: unknown): (readonly [string, string | number])[] {
  if (typeof given === "string" || typeof given === "number") return [[String(attr), given]];
  if (Array.isArray(given)) return given.flatMap((value) => pairs(attr, value));
  if (!isObject(given) || ArrayBuffer.isView(given)) return [];
  return Object.values(given).flatMap((value) => pairs(attr, value));
}

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
