import type { Resource } from "../scim/schema.ts";
import { type Conversation, refusal } from "./conversation.ts";
import { changeOperations, type Difference, patchBody } from "./dialects.ts";
import type { SourceValue } from "./directory.ts";
import { isSame, mapped } from "./engine.ts";
import type { AttributeFlow, ObjectFlow } from "./job.ts";
import { asText, readAt } from "./target-path.ts";
import type { Link } from "./target-store.ts";
import { type Ending, exportedStep, note, type Tracing, type Work } from "./tracing.ts";

/** The differences. An empty source changes nothing: Entra sends no nulls. */
export function differences(
  { engine, object }: Work,
  flows: readonly AttributeFlow[],
  resource: Resource,
  overrides: Readonly<Record<string, SourceValue>> = {},
): Difference[] {
  return flows.flatMap((flow): Difference[] => {
    const wanted = mapped(engine, flow, object, overrides);
    const current = readAt(resource, flow.target);
    if (wanted === undefined || (!flow.isAlwaysSent && isSame(flow, wanted, current))) return [];
    const text = asText(current);
    return [{ flow, wanted, ...(text !== undefined && { current: text }) }];
  });
}

/** Sends differences, if any, and saves the given link with what was sent. */
export async function sendChanges(
  work: Work,
  link: Link,
  changes: readonly Difference[],
  resource: Resource,
): Promise<Ending> {
  const { engine, flow, object, tracing } = work;
  const { targetId } = link;
  tellEndless(changes, link, tracing);
  if (changes.length === 0) {
    const exported = confirmed(link.exported, flow, resource);
    engine.store.saveLink(object.type, object.objectId, { ...link, exported }, engine.cycle);
    tracing.step({
      name: "EntrySynchronizationSkip",
      type: "export",
      status: "skipped",
      description:
        "The state of the entry in both the source and target systems already match. No change needs to be made.",
      details: { SkipReason: "RedundantExport" },
    });
    return { action: "other", status: "skipped", targetId, skipReason: "RedundantExport" };
  }
  for (const { flow: attribute, wanted, current } of changes) note(work, attribute, current, asText(wanted)!);
  await patch(tracing.conversation, flow, targetId, changeOperations(changes, engine.behaviour.dialect));
  const kept = changes.filter(({ flow: { isRedacted } }) => !isRedacted);
  const sent = kept.map(({ flow: { target }, wanted }) => [target.text, asText(wanted)!]);
  const exported = { ...confirmed(link.exported, flow, resource), ...Object.fromEntries(sent) };
  engine.store.saveLink(object.type, object.objectId, { ...link, exported }, engine.cycle);
  tracing.step(exportedStep("EntryExportUpdate", `${object.type} was updated in ${engine.job.targetName}`));
  return { action: "update", status: "success", targetId };
}

/** Reports an attribute that was sent with this value before and is still missing: it would be sent forever. */
function tellEndless(changes: readonly Difference[], { exported }: Link, { observe }: Tracing): void {
  for (const { flow, wanted, current } of changes) {
    const path = flow.target.text;
    if (flow.isAlwaysSent || exported[path] !== asText(wanted)) continue;
    observe("endless update", {
      attribute: path,
      sent: exported[path]!,
      ...(current !== undefined && { returned: current }),
    });
  }
}

/** What was sent and has not been seen since. References are kept: they are not read back. */
function confirmed(exported: Link["exported"], { values }: ObjectFlow, resource: Resource): Record<string, string> {
  const isSeen = ([path, sent]: [string, string]) => {
    const flow = values.find(({ target }) => target.text === path);
    return flow !== undefined && isSame(flow, sent, asText(readAt(resource, flow.target)));
  };
  return Object.fromEntries(Object.entries(exported).filter((entry) => !isSeen(entry)));
}

/** Sends a PATCH. Throws a `ProvisioningError` if it failed. */
export async function patch(
  { ask }: Conversation,
  flow: ObjectFlow,
  targetId: string,
  operations: ReturnType<typeof changeOperations>,
): Promise<void> {
  const path = `${flow.endpoint}/${encodeURIComponent(targetId)}`;
  const answer = await ask("update", { method: "PATCH", path, body: patchBody(operations) });
  if (![200, 202, 204].includes(answer.status)) throw refusal("The update", answer);
}
