import type { Resource } from "../scim/schema.ts";
import { isObject } from "../scim/schema.ts";
import { ProvisioningError } from "./conversation.ts";
import { displayNameOf, type Engine, isSame } from "./engine.ts";
import type { ObjectFlow } from "./job.ts";
import { resourcePath } from "./look-up.ts";
import type { Observation } from "./report-data.ts";
import { asText, readAt } from "./target-path.ts";
import type { Link } from "./target-store.ts";

/**
 * Reads back what a cycle wrote, and reports what is missing or different: Entra does not check, and sends it again with the next change.
 * Groups are read with members.
 */
export async function verify(engine: Engine, flow: ObjectFlow, id: string, link: Link): Promise<void> {
  const { store, cycle, observed } = engine;
  const object = store.object(flow.type, id);
  if (!object) return;
  const conversation = engine.conversation(flow.type);
  const observe = (kind: Observation["kind"], details: Partial<Observation> = {}) => {
    const exchange = conversation.exchanges.at(-1);
    const identity = { cycle, type: flow.type, objectId: id, displayName: displayNameOf(object) };
    observed({ kind, ...identity, ...details, ...(exchange && { exchange }) });
  };
  try {
    const { status, json } = await conversation.ask("verify", {
      method: "GET",
      path: resourcePath(flow, link.targetId, true),
    });
    if (status === 404) observe(link.isActive ? "id lost" : "disabled is gone", { sent: link.targetId });
    if (status !== 200 || !isObject(json)) return;
    if (json.id !== link.targetId) observe("id changed", { sent: link.targetId, returned: String(json.id) });
    const exported = compare(flow, link, json, observe);
    if (flow.type === "Group") compareMembers(engine, id, json, observe);
    store.saveLink(flow.type, id, { ...link, exported }, cycle);
  } catch (error) {
    if (!(error instanceof ProvisioningError)) throw error;
  }
}

type Observe = (kind: Observation["kind"], details?: Partial<Observation>) => void;

/** Reports differences from the values sent. Returns those that are still not seen. */
function compare(flow: ObjectFlow, link: Link, resource: Resource, observe: Observe): Record<string, string> {
  const left: Record<string, string> = {};
  for (const [path, sent] of Object.entries(link.exported)) {
    const attribute = flow.values.find(({ target }) => target.text === path);
    if (!attribute) {
      left[path] = sent;
      continue;
    }
    const current = readAt(resource, attribute.target);
    if (isSame(attribute, sent, Array.isArray(current) ? asText(current) : current)) continue;
    left[path] = sent;
    const returned = asText(current);
    if (attribute.isRedacted) observe("sent but not returned", { attribute: path });
    else observe(kindOf(path, sent, returned), { attribute: path, sent, ...(returned !== undefined && { returned }) });
  }
  return left;
}

function kindOf(path: string, sent: string, returned: string | undefined): Observation["kind"] {
  if (path.toLowerCase() === "active") return "active ignored";
  if (returned === undefined) return "sent but not returned";
  return returned.toLowerCase() === sent.toLowerCase() ? "case changed" : "returned otherwise";
}

/** Maximum members compared; of larger groups the first ones by ID. */
const MAX_MEMBERS = 50_000;

function compareMembers({ store, cycle }: Engine, id: string, resource: Resource, observe: Observe): void {
  const members = Array.isArray(resource.members) ? (resource.members as unknown[]) : [];
  const there = new Set(members.map((each) => asText(each)));
  const idsOf = (objects: readonly string[]) => objects.flatMap((member) => store.link("User", member)?.targetId ?? []);
  const expected = idsOf(store.exportedMembers(id, "", MAX_MEMBERS));
  const missing = expected.filter((each) => !there.has(each));
  const kept = idsOf(store.removedIn(id, cycle)).filter((each) => there.has(each));
  const named = (ids: readonly string[]) => ids.slice(0, 5).join(", ");
  const details = { attribute: "members", sent: `${expected.length} members` };
  if (missing.length > 0)
    observe("members differ", { ...details, returned: `${there.size} members, without ${named(missing)}` });
  if (kept.length > 0)
    observe("members differ", { ...details, returned: `${there.size} members, with ${named(kept)}, who were removed` });
}
