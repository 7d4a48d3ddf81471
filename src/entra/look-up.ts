import { isObject, type Resource } from "../scim/schema.ts";
import { type Conversation, incompatible, ProvisioningError, refusal } from "./conversation.ts";
import { type Engine, mapped } from "./engine.ts";
import type { ObjectFlow } from "./job.ts";
import type { Answer, Purpose } from "./report-data.ts";
import type { StoredObject } from "./source-store.ts";
import { asText, type TargetPath } from "./target-path.ts";
import type { Tracing } from "./tracing.ts";

/** The path of a search, as Entra writes it: blanks as plus signs; groups without their members. */
export function searchPath({ endpoint, type }: ObjectFlow, filter: string): string {
  const without = type === "Group" ? "excludedAttributes=members&" : "";
  return `${endpoint}?${without}filter=${encoded(filter)}`;
}

/** A comparison in a filter. */
export const isEqual = ({ text }: TargetPath, value: string): string => `${text} eq ${JSON.stringify(value)}`;

/** The path of a resource. Groups are read without their members. */
export const resourcePath = ({ endpoint, type }: ObjectFlow, id: string, isWhole = false): string =>
  `${endpoint}/${encodeURIComponent(id)}${type === "Group" && !isWhole ? "?excludedAttributes=members" : ""}`;

const encoded = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");

/** What a search gives. Throws a `ProvisioningError` for an answer that is no list. */
export async function search({ ask }: Conversation, purpose: Purpose, path: string): Promise<readonly Resource[]> {
  const answer = await ask(purpose, { method: "GET", path });
  if (answer.status !== 200) throw refusal("The search", answer);
  const { json } = answer;
  if (!isObject(json)) throw incompatible("The search was answered with something that is no JSON object");
  const { Resources, totalResults } = json;
  if (Resources === undefined && totalResults === 0) return [];
  if (!Array.isArray(Resources)) throw incompatible("The search was answered without Resources: it is no ListResponse");
  return Resources as Resource[];
}

/** The resource of an answer. Throws a `ProvisioningError` where it is none, or has no id. */
export function resourceIn(what: string, { json }: Answer): Identified {
  return identified(what, json);
}

/** A resource whose id can stand in a path. Throws a `ProvisioningError` for another. */
function identified(what: string, given: unknown): Identified {
  if (!isObject(given)) throw incompatible(`${what} was answered with something that is no JSON object`);
  const { id } = given;
  if (typeof id !== "string" || id === "") throw incompatible(`${what} was answered without an id that is a text`);
  if (/^\.\.?$/.test(id) || !id.isWellFormed())
    throw incompatible(`${what} was answered with an id that no path can hold`);
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
      `resource ${targetId} of the target is provisioned from another object of the source, ${owner}`,
    );
}

/**
 * Looks an object up by its matching attributes, one after the other, until one finds it. Throws a `ProvisioningError`:
 * `DuplicateTargetEntries` for several, `DuplicateSourceEntries` where it is another object's already, `ImportSkipped` where no matching
 * attribute has a value.
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
      "no matching attribute has a value, so that the object cannot be looked up",
    );
  return undefined;
}
