import { randomUUID } from "node:crypto";
import type { Context } from "../../gateway/context.ts";
import type { Query } from "../../gateway/operation.ts";
import type { Route } from "../../gateway/route.ts";
import { ScimError } from "../../scim/error.ts";
import type { ListResponse } from "../../scim/list.ts";
import { isObject, type Resource } from "../../scim/schema.ts";
import { type Target, TargetError, type TargetErrorKind } from "../target.ts";
import { type Place, patchOf } from "../values.ts";

/** The caller of a route, and the time limit of an operation in milliseconds. */
export interface Asking {
  readonly caller: string;
  readonly operationMs: number;
  /** Aborts running operations. */
  readonly signal: AbortSignal;
  readonly note?: Context["note"];
  /** Whether it is only for somebody to look at, see `Context`. */
  readonly isLook?: boolean;
}

/** The context of one operation of a sync. */
export const contextFor = (
  base: string,
  { caller, operationMs, signal, note = () => {}, isLook }: Asking,
): Context => ({
  baseUrl: base,
  signal: AbortSignal.any([signal, AbortSignal.timeout(operationMs)]),
  requestId: randomUUID(),
  caller,
  source: "",
  mayDo: async () => true,
  allows: () => true,
  isLook,
  note,
  waited: () => {},
});

/** Maximum members added or removed by one PATCH. */
const MEMBERS_AT_ONCE = 200;

/** A route's type as a sync writes it: through all of the route's middleware, like any other caller. */
export function routeTarget(route: Route, typeName: string, asking: Asking): Target {
  const { mapping } = route.endpoints.get(typeName)!;
  const { type } = mapping;
  const context = () => contextFor(route.base, asking);
  const list = (of: string, query: Query): Promise<ListResponse> =>
    told(() => route.run({ name: "list", type: of, query, context: context() }));
  const changeMembers = async (of: string, id: string, op: "add" | "remove", ids: readonly string[]) => {
    for (let at = 0; at < ids.length; at += MEMBERS_AT_ONCE) {
      const value = ids.slice(at, at + MEMBERS_AT_ONCE).map((each) => ({ value: each }));
      const body = { ...patchOf([]), Operations: [{ op, path: "members", value }] };
      await told(() =>
        route.run({ name: "patch", type: of, id, body, query: { attributes: "id" }, context: context() }),
      );
    }
  };
  const read = async (of: string, id: string, attributes?: string): Promise<Resource | undefined> => {
    try {
      const query = attributes === undefined ? {} : { attributes };
      return await route.run({ name: "get", type: of, id, query, context: context() });
    } catch (error) {
      if (isGone(error)) return undefined;
      throw targetError(error);
    }
  };
  return {
    type,
    rows: mapping.rows,
    find: async ({ path }: Place, value) => {
      const filter = `${path} eq ${JSON.stringify(value)}`;
      return (await list(typeName, { filter, count: "2" })).Resources;
    },
    read: (id) => read(typeName, id),
    create: (body) => told(() => route.run({ name: "create", type: typeName, body, query: {}, context: context() })),
    update: async (id, body) => {
      const answer = await told(() =>
        route.run({ name: "patch", type: typeName, id, body, query: {}, context: context() }),
      );
      return answer ?? (await read(typeName, id)) ?? {};
    },
    remove: async (id) => {
      try {
        await route.run({ name: "delete", type: typeName, id, context: context() });
      } catch (error) {
        if (!isGone(error)) throw targetError(error);
      }
    },
    strip: async (id) => {
      const account = await read(typeName, id, "groups");
      const groups = Array.isArray(account?.groups) ? account.groups : [];
      const ids = groups.flatMap((each) => (isObject(each) && each.type !== "indirect" ? [String(each.value)] : []));
      for (const group of ids) await changeMembers("Group", group, "remove", [id]);
    },
    groups: {
      type: (name) => route.endpoints.get(name)!.mapping.type,
      find: async (of, name) => {
        const { Resources } = await list(of, {
          filter: `displayName eq ${JSON.stringify(name)}`,
          attributes: "id",
          count: "2",
        });
        return Resources[0] === undefined ? undefined : String(Resources[0].id);
      },
      create: async (of, body) => {
        const { id } = await told(() =>
          route.run({ name: "create", type: of, body, query: { attributes: "id" }, context: context() }),
        );
        return String(id);
      },
      change: async (of, id, { add, remove }) => {
        try {
          await changeMembers(of, id, "add", add);
          await changeMembers(of, id, "remove", remove);
          return true;
        } catch (error) {
          if (error instanceof TargetError && isGone(error.cause) && (await read(of, id, "id")) === undefined)
            return false;
          throw error;
        }
      },
      members: async (of, id) => {
        const group = await read(of, id, "members");
        if (!group) return undefined;
        return (Array.isArray(group.members) ? group.members : []).map((each) => String((each as Resource).value));
      },
    },
  };
}

const isGone = (error: unknown): boolean => error instanceof ScimError && error.status === 404;

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw targetError(error);
  }
}

/** Interprets a route's failure for a sync. Anything but a SCIM error is a bug and is rethrown unchanged. */
function targetError(error: unknown): unknown {
  if (!(error instanceof ScimError)) return error;
  const { status, message, retryAfter, refusal } = error;
  const kind: TargetErrorKind =
    refusal !== undefined
      ? "held"
      : status === 409
        ? "conflict"
        : status === 429 || status >= 500
          ? "unavailable"
          : "refused";
  return new TargetError(kind, message, { cause: error, retryAfter });
}
