import { randomUUID } from "node:crypto";
import { applyChanges } from "../connector/reference.ts";
import { notFound, notNow } from "../scim/error.ts";
import { ask } from "./context.ts";
import { attrsOfWrite, type WriteStep } from "./writes.ts";

/** Rejects every write with 503, so that clients retry it later. */
export const readOnly: WriteStep = () => async () => {
  throw notNow("This route is read-only (safety.readOnly): nothing was changed. Try again later.", "read only");
};

/** Logs each write and responds as if it had been made. The backend is only read. */
export const dryRun =
  (log: (fields: Record<string, unknown>, message: string) => void): WriteStep =>
  () =>
  async (write) => {
    const { endpoint, context, action } = write;
    const { connector, mapping, name } = endpoint;
    const { kind } = mapping;
    const key = connector.kinds.get(kind)!.key;
    log({ requestId: context.requestId, connector: name, kind, action, attributes: attrsOfWrite(write) }, "dry run");
    if (action === "create") return { ...write.entry, [key]: `dry-run-${randomUUID()}` };
    const attrs = action === "update" ? [...new Set([...write.attrs, ...attrsOfWrite(write)])] : [];
    const present = await ask(context, write.endpoint, "get", { key: write.key, attrs });
    if (!present) throw notFound(`There is no ${mapping.type.name} with the ID ${JSON.stringify(write.key)}.`);
    return action === "update" ? applyChanges(present, write.changes) : undefined;
  };
