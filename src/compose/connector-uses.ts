import type { Loaded } from "../config/load.ts";
import type { Entry, Uses } from "../connector/connector.ts";
import { attrsOf, attrsRead, type Mapping, type Row } from "../mapping/mapping.ts";
import { leafOf } from "../scim/path.ts";

/** What provisioning clients match users and groups by. */
const matching = ["userName", "externalId", "emails", "displayName"];

/** Whether clients look for resources by what a row maps. */
export const isMatched = ({ path: { attribute } }: Row, { type }: Mapping): boolean =>
  matching.includes(attribute.name) && (attribute.name !== "displayName" || type.name === "Group");

/** What the mappings of a connector do with attributes, by kind. */
export async function usesOf(loaded: Loaded, name: string): Promise<Map<string, Uses>> {
  const endpoints = [...loaded.routes.values()].flatMap((types) => [...types.values()]);
  const uses = new Map<string, Uses>();
  for (const { mapping } of endpoints.filter(({ connector }) => connector === name)) {
    const known = uses.get(mapping.kind);
    uses.set(mapping.kind, {
      reads: [...(known?.reads ?? []), ...mapping.rows.filter((row) => !row.writeOnly).flatMap(attrsRead)],
      writes: [...(known?.writes ?? []), ...attrsOf(mapping), ...mapping.create.map(({ attr }) => attr)],
      matches: [
        ...(known?.matches ?? []),
        ...mapping.rows
          .filter((row) => isMatched(row, mapping))
          .flatMap((row) => {
            const caseExact = leafOf(row.path).caseExact === true;
            return attrsRead(row).map((attr) => ({ attr, caseExact }));
          }),
      ],
      constants: { ...known?.constants, ...(await constantsOf(mapping)) },
    });
  }
  return uses;
}

/** What `create` gives of itself, without anything of a resource. */
async function constantsOf({ create }: Mapping): Promise<Entry> {
  const given = await Promise.all(
    create.map(async ({ attr, expressions }) => {
      const value = await expressions[0]?.evaluate({}, {}).catch(() => undefined);
      return [attr, value ?? undefined] as const;
    }),
  );
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Entry;
}
