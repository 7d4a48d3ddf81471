import { incompatible } from "./conversation.ts";
import type { Engine } from "./engine.ts";
import type { ObjectFlow } from "./job.ts";
import { isEqual, search, searchPath } from "./look-up.ts";

/**
 * Searches for somebody who does not exist, as Entra does before each cycle. Throws a `ProvisioningError` unless the response is an empty
 * list.
 */
export async function probe({ conversation, random }: Engine, flow: ObjectFlow): Promise<void> {
  const [first] = flow.matching;
  const found = await search(conversation(flow.type), "probe", searchPath(flow, isEqual(first!.target, guid(random))));
  if (found.length > 0)
    throw incompatible(
      `The probe for somebody who does not exist found ${found.length} resources: the filter is ignored`,
    );
}

/** A GUID from a random generator. */
export function guid(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  digits[12] = "4";
  digits[16] = "89ab"[Math.floor(random() * 4)]!;
  const text = digits.join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
