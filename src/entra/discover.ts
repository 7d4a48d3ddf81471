import { isObject } from "../scim/schema.ts";
import { incompatible, refusal } from "./conversation.ts";
import { type Engine, mapped } from "./engine.ts";
import { entitlementOf } from "./entitlement.ts";
import { ExpressionError } from "./expression/index.ts";
import type { ObjectFlow } from "./job.ts";
import type { StoredObject } from "./source-store.ts";
import { asText, readAt } from "./target-path.ts";

/** What account discovery reports about an account of the target. */
export interface Account {
  readonly id: string;
  /** The value of the matching attribute. */
  readonly name: string;
  /** `local`: nobody in the source has this value; `unassigned`: somebody out of scope; `assigned`: somebody in scope. */
  readonly status: "local" | "unassigned" | "assigned";
  readonly objectId?: string;
}

const PAGE = 100;

/**
 * Reads all users of the target page by page, as account discovery does, and assigns each to a person by the first matching attribute.
 * Reports accounts that occur twice, and inconsistent pages. Throws a `ProvisioningError` for a response that is not a page.
 */
export async function* discover(engine: Engine, flow: ObjectFlow): AsyncGenerator<Account> {
  const [matching] = flow.matching;
  const owners = ownersBy(engine, flow);
  const seen = new Set<string>();
  for (let startIndex = 1, total = 1; startIndex <= total; ) {
    const path = `${flow.endpoint}?startIndex=${startIndex}&count=${PAGE}`;
    const answer = await engine.conversation(flow.type).ask("discover", { method: "GET", path });
    if (answer.status !== 200) throw refusal("The page of users", answer);
    const { json } = answer;
    if (!isObject(json) || typeof json.totalResults !== "number")
      throw incompatible("A page of users is not a ListResponse");
    total = json.totalResults;
    const resources = Array.isArray(json.Resources) ? (json.Resources as unknown[]).filter(isObject) : [];
    if (resources.length === 0) {
      if (startIndex <= total)
        throw incompatible(`The page from ${startIndex} is empty, although the total is ${total}`);
      return;
    }
    for (const resource of resources) {
      const id = String(resource.id);
      if (seen.has(id)) throw incompatible(`Account ${id} was returned on two pages: the order of pages is not stable`);
      seen.add(id);
      const name = asText(readAt(resource, matching!.target)) ?? "";
      const owner = owners.get(name.toLowerCase());
      yield { id, name, ...(owner ?? { status: "local" }) };
    }
    startIndex += resources.length;
  }
}

function ownersBy(
  engine: Engine,
  flow: ObjectFlow,
): Map<string, { objectId: string; status: "assigned" | "unassigned" }> {
  const { store } = engine;
  const owners = new Map<string, { objectId: string; status: "assigned" | "unassigned" }>();
  for (const object of store.changedSince(flow.type, 0, store.lastChange())) {
    if (object.isPurged) continue;
    const value = nameOf(engine, flow, object);
    const isIn = entitlementOf(engine, flow, object).isEntitled;
    if (value !== undefined)
      owners.set(value.toLowerCase(), { objectId: object.objectId, status: isIn ? "assigned" : "unassigned" });
  }
  return owners;
}

/** The value that an object is matched by; undefined if it has none, or the expression cannot be evaluated. */
function nameOf(engine: Engine, flow: ObjectFlow, object: StoredObject): string | undefined {
  try {
    return asText(mapped(engine, flow.matching[0]!, object));
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}
