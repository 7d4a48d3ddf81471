import { isObject, type Resource } from "../scim/schema.ts";
import { type Conversation, incompatible, ProvisioningError, refusal } from "./conversation.ts";
import { type Engine, mapped } from "./engine.ts";
import type { ObjectFlow } from "./job.ts";
import type { Answer, Purpose } from "./report-data.ts";
import type { StoredObject } from "./source-store.ts";
import { asText, type TargetPath } from "./target-path.ts";
import type { Tracing } from "./tracing.ts";

/** The path of a search in Entra's notation: blanks as plus signs; groups without members. */
export function searchPath({ endpoint, type }: ObjectFlow, filter: string): string {
  const without = type === "Group" ? "excludedAttributes=members&" : "";
  return `${endpoint}?${without}filter=${encoded(filter)}`;
}

/** A comparison in a filter. */
export const isEqual = ({ text }: TargetPath, value: string): string => `${text} eq ${JSON.stringify(value)}`;

/** The path of a resource. Groups are read without members. */
export const resourcePath = ({ endpoint, type }: ObjectFlow, id: string, isWhole = false): string =>
  `${endpoint}/${encodeURIComponent(id)}${type === "Group" && !isWhole ? "?excludedAttributes=members" : ""}`;

const encoded = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");

/** The result of a search. Throws a `ProvisioningError` for a response that is not a list. */
export async function search({ ask }: Conversation, purpose: Purpose, path: string): Promise<readonly Resource[]> {
  const answer = await ask(purpose, { method: "GET", path });
  if (answer.status !== 200) throw refusal("The search", answer);
  const { json } = answer;
  if (!isObject(json)) throw incompatible("The response to the search is not a JSON object");
  const { Resources, totalResults } = json;
  if (Resources === undefined && totalResults === 0) return [];
  if (!Array.isArray(Resources))
    throw incompatible("The response to the search has no Resources: it is not a ListResponse");
  return Resources as Resource[];
}

/** The resource of a response. Throws a `ProvisioningError` if it is not one, or has no id. */
export function resourceIn(what: string, { json }: Answer): Identified {
  return identified(what, json);
}

/** A resource whose id can be used in a path. Throws a `ProvisioningError` otherwise. */
function identified(what: string, given: unknown): Identified {
  if (!isObject(given)) throw incompatible(`${what} was answered with something that is not a JSON object`);
  const { id } = given;
  if (typeof id !== "string" || id === "") throw incompatible(`${what} was answered without an id that is a string`);
  if (/^\.\.?$/.test(id) || !id.isWellFormed())
    throw incompatible(`${what} was answered with an id that cannot be used in a path`);
  return given as Identified;
}

/** A resource with its id. */
export type Identified = Resource & { readonly id: string };

/** Throws a `ProvisioningError` for a resource that is provisioned from another object already. */
export function refuseShared({ store }: Engine, { type, objectId }: StoredObject, targetId: string): void {
  const owner = store.linkedTo(type, targetId);
  if (owner !== undefined && owner !== objectId)
    throw new ProvisioningError(
      "DuplicateSourceEntries",
      `resource ${targetId} of the target is already provisioned from another object of the source, ${owner}`,
    );
}

/**
 * Looks an object up by its matching attributes in order, until one finds it. Throws a `ProvisioningError`: `DuplicateTargetEntries` for
 * several results, `DuplicateSourceEntries` if it belongs to another object, `ImportSkipped` if no matching attribute has a value.
 */
export async function match(
  engine: Engine,
  flow: ObjectFlow,
  object: StoredObject,
  tracing: Tracing,
): Promise<Identified | undefined> {
  let hasValue = false;
  for (const attribute of flow.matching) {
    const value = asText(mapped(engine, attribute, object));
    if (value === undefined) continue;
    hasValue = true;
    const filter = isEqual(attribute.target, value);
    const found = await search(tracing.conversation, "match", searchPath(flow, filter));
    if (found.length > 1) {
      tracing.observe("duplicates", {
        attribute: attribute.target.text,
        sent: value,
        returned: `${found.length} resources`,
      });
      throw new ProvisioningError("DuplicateTargetEntries", `${found.length} resources of the target match ${filter}`);
    }
    const [resource] = found;
    if (resource === undefined) continue;
    const there = identified("The look-up", resource);
    refuseShared(engine, object, there.id);
    tracing.step({
      name: "EntryImport",
      type: "matching",
      status: "success",
      description: `Retrieved ${object.type} from ${engine.job.targetName} by ${filter}`,
      details: { id: there.id },
    });
    return there;
  }
  if (!hasValue)
    throw new ProvisioningError(
      "ImportSkipped",
      "no matching attribute has a value, so the object cannot be looked up",
    );
  return undefined;
}
