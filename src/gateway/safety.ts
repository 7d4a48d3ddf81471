import { randomUUID } from "node:crypto";
import { applyChanges } from "../connector/reference.ts";
import { badRequest, forbidden, notFound, notNow } from "../scim/error.ts";
import { compileFilter } from "../scim/evaluate.ts";
import { typedFilter } from "../scim/path.ts";
import { checkedBefore } from "./before.ts";
import { ask } from "./context.ts";
import type { Gateway } from "./gateway.ts";
import { attrsOfWrite, type Layer } from "./writes.ts";

/** Refuses every write: not for good, so that clients come back with them. */
export const readOnly: Layer = () => async () => {
  throw notNow("This route is read only at present (safety.readOnly): nothing was written. Try again later.");
};

/** Says what would be written, and answers as if it had been: the backend is read from, and not written to. */
export const dryRun =
  (log: (fields: Record<string, unknown>, message: string) => void): Layer =>
  () =>
  async (write) => {
    const { endpoint, context, action } = write;
    const { connector, mapping, name } = endpoint;
    const { kind } = mapping;
    const { signal } = context;
    const key = connector.kinds.get(kind)!.key;
    log({ requestId: context.requestId, connector: name, kind, action, attributes: attrsOfWrite(write) }, "dry run");
    if (action === "create") return { ...write.entry, [key]: `dry-run-${randomUUID()}` };
    const attrs = action === "update" ? [...new Set([...write.attrs, ...attrsOfWrite(write)])] : [];
    const present = await ask(context, () => connector.get({ kind, key: write.key, attrs, signal }));
    if (!present) throw notFound(`There is no ${mapping.type.name} with the id ${JSON.stringify(write.key)}.`);
    return action === "update" ? applyChanges(present, write.changes) : undefined;
  };

/** What must never be touched, by resource type. */
export type Protection = Readonly<
  Record<string, { readonly entries?: string | undefined; readonly attributes: readonly string[] }>
>;

/** Refuses to write attributes of the backend that are never to be written. */
export const protectedAttributes = (protection: Protection): Layer => {
  const names = new Map(
    Object.entries(protection).map(([type, { attributes }]) => [
      type,
      new Set(attributes.map((attr) => attr.toLowerCase())),
    ]),
  );
  return (next) => async (write) => {
    const ofType = names.get(write.endpoint.mapping.type.name);
    const touched = ofType && attrsOfWrite(write).find((attr) => ofType.has(attr.toLowerCase()));
    if (touched !== undefined)
      throw badRequest("mutability", `"${touched}" is protected here (safety.protect): nothing was written.`);
    return next(write);
  };
};

/**
 * A gateway that changes nothing of what filters find: they are evaluated on the resource as it is, before it is changed
 * or deleted. Throws `ScimError` for a filter that is none.
 */
export function withProtection(gateway: Gateway, protection: Protection): Gateway {
  const rules = new Map(
    Object.entries(protection).flatMap(([type, { entries }]) => {
      const endpoint = gateway.endpoints.get(type);
      if (!endpoint || entries === undefined) return [];
      return [[type, compileFilter(typedFilter(entries, endpoint.mapping.type), endpoint.mapping.type)] as const];
    }),
  );
  if (rules.size === 0) return gateway;
  return checkedBefore(gateway, async ({ action, type, id, context }) => {
    const isProtected = rules.get(type);
    if (!isProtected || id === undefined || action === "read") return;
    const resource = await gateway.get(type, id, {}, context);
    if (isProtected(resource)) throw forbidden(`This ${type} is protected (safety.protect): nothing was changed.`);
  });
}
