import type { Client, Control, Entry as LdapEntry } from "ldapts";
import { ConnectorError } from "../../src/connector/error.ts";
import { referenceToWrite } from "./formats.ts";

/** `member;range=0-1499`: the option that says which values of a long list these are (MS-ADTS §3.1.1.3.1.3.3). */
const RANGED = /^(.+);range=(\d+)-(\d+|\*)$/i;
/** The most parts that one list is read in. */
const MAX_PARTS = 1000;

/**
 * Completes the lists of an entry of which the server gave the first part only: it is asked for the next until the last.
 * The attribute is then under its own name. Rejects where the entry is gone meanwhile, as every read of it would.
 */
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
      // A list that is cut short would be taken for a whole one.
      if (!name || part === MAX_PARTS)
        throw new ConnectorError("unavailable", `The directory gave a part of "${attr}" only, and not the next one.`);
      values.push(...[searchEntries[0]![name]!].flat());
      end = RANGED.exec(name)![3]!;
    }
    whole[attr] = values as string[];
  }
  return whole;
}
