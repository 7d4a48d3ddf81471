import type { Conversation } from "./conversation.ts";
import type { SourceObject } from "./directory.ts";
import { attributeOf, displayNameOf, type Engine } from "./engine.ts";
import type { AttributeFlow, ObjectFlow } from "./job.ts";
import type { ModifiedProperty, Observation, Step, Trace } from "./report-data.ts";
import type { StoredObject } from "./source-store.ts";
import { asText } from "./target-path.ts";

/** How the work on an object ended. */
export interface Ending {
  readonly action: Trace["action"];
  readonly status: Trace["status"];
  readonly targetId?: string;
  readonly skipReason?: string;
  readonly error?: Trace["error"];
}

/** What is recorded while an object is processed. */
export interface Tracing {
  readonly conversation: Conversation;
  readonly step: (step: Step) => void;
  readonly modified: (property: ModifiedProperty) => void;
  /** Reports an observation about this object. */
  readonly observe: (
    kind: Observation["kind"],
    details?: Partial<Pick<Observation, "attribute" | "sent" | "returned">>,
  ) => void;
  readonly end: (ending: Ending) => void;
}

/** Replaces a value that an expression has redacted. */
export const REDACTED = "[Redact]";

/** Starts the trace of an object that was read from the source. */
export function beginTrace(engine: Engine, flow: ObjectFlow, object: SourceObject): Tracing {
  const began = performance.now();
  const at = engine.now();
  const conversation = engine.conversation(object.type);
  const steps: Step[] = [];
  const modified: ModifiedProperty[] = [];
  const displayName = displayNameOf(object);
  const source = sourceText(flow, object);
  steps.push({
    name: "EntryImport",
    type: "import",
    status: "success",
    description: `Received ${object.type} '${displayName}' from ${engine.job.sourceName}`,
    details: source,
  });
  const identity = { cycle: engine.cycle, type: object.type, objectId: object.objectId, displayName };
  return {
    conversation,
    step: (step) => steps.push(step),
    modified: (property) => modified.push(property),
    observe: (kind, details = {}) => {
      const exchange = conversation.exchanges.at(-1);
      engine.observed({ kind, ...identity, ...details, ...(exchange && { exchange }) });
    },
    end: ({ action, status, ...more }) =>
      engine.traced({
        ...identity,
        action,
        status,
        at,
        tookMs: performance.now() - began,
        source,
        steps,
        modified,
        exchanges: conversation.exchanges,
        ...more,
      }),
  };
}

/** The attributes that the mapping reads, as text. Those that only redacted expressions read are masked. */
function sourceText({ values, references }: ObjectFlow, object: SourceObject): Record<string, string> {
  const attribute = attributeOf(object);
  const text: Record<string, string> = {};
  const note = (name: string, isMasked: boolean) => {
    const value = asText(attribute(name));
    if (value !== undefined && name !== "members") text[name] = isMasked ? REDACTED : value;
  };
  for (const name of ["objectId", ...(object.type === "User" ? ["accountEnabled"] : [])]) note(name, false);
  for (const { reads, isRedacted } of [...values, ...references]) for (const name of reads) note(name, isRedacted);
  return text;
}

/** An object being processed. */
export interface Work {
  readonly engine: Engine;
  readonly flow: ObjectFlow;
  readonly object: StoredObject;
  readonly tracing: Tracing;
}

/** Records that an attribute is sent; a redacted value is masked. */
export function note({ tracing }: Work, flow: AttributeFlow, oldValue: string | undefined, newValue: string): void {
  const { target, isRedacted } = flow;
  if (isRedacted) tracing.modified({ name: target.text, newValue: REDACTED });
  else tracing.modified({ name: target.text, ...(oldValue !== undefined && { oldValue }), newValue });
}

/** The log step that says what was done in the target. */
export const exportedStep = (name: string, description: string) =>
  ({ name, type: "export", status: "success", description }) as const;
