import type { Client, Control, Entry as LdapEntry } from "ldapts";
import { ConnectorError } from "../../src/connector/error.ts";
import { referenceToWrite } from "./formats.ts";

/** `member;range=0-1499`: which values of a long list were returned (MS-ADTS §3.1.1.3.1.3.3). */
const RANGED = /^(.+);range=(\d+)-(\d+|\*)$/i;
/** Maximum number of parts of one list. */
const MAX_PARTS = 1000;

/** Completes lists that the server returned in part, by requesting the remaining ranges. Rejects if the entry was deleted meanwhile. */
export async function withAllValues(
  client: Client,
  entry: LdapEntry,
  explicitBufferAttributes: readonly string[],
  controls: readonly Control[],
): Promise<LdapEntry> {
  const ranged = Object.keys(entry).filter((name) => RANGED.test(name));
  if (ranged.length === 0) return entry;
  const whole: LdapEntry = { ...entry };
  for (const first of ranged) {
    let [, attr = "", , end = "*"] = RANGED.exec(first)!;
    const values = [whole[first]!].flat();
    delete whole[first];
    for (let part = 1; end !== "*"; part++) {
      const attributes = [`${attr};range=${Number(end) + 1}-*`];
      const { searchEntries } = await client.search(
        referenceToWrite(entry.dn),
        { scope: "base", attributes, explicitBufferAttributes: [...explicitBufferAttributes] },
        [...controls],
      );
      const name = Object.keys(searchEntries[0] ?? {}).find((each) => RANGED.test(each));
      // A truncated list would be taken for a complete one.
      if (!name || part === MAX_PARTS)
        throw new ConnectorError(
          "unavailable",
          `The directory returned only part of "${attr}", and not the next part.`,
        );
      values.push(...[searchEntries[0]![name]!].flat());
      end = RANGED.exec(name)![3]!;
    }
    whole[attr] = values as string[];
  }
  return whole;
}
