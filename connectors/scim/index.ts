import {
  type Connector,
  defineConnector,
  type Entry,
  fromValues,
  type SearchRequest,
} from "../../src/connector/connector.ts";
import { afterWrite, ConnectorError, entryNotFound, isNotFound, refersToNothing } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { readTwice } from "../../src/connector/kit/retry.ts";
import { bareUrl } from "../../src/connector/kit/text.ts";
import { numberedIn, readNumbered, searchFailure } from "../../src/connector/paging.ts";
import { checkExpected } from "../../src/connector/reference.ts";
import type { Call } from "../../src/http/call.ts";
import { openClient } from "../../src/http/client.ts";
import { failureOf } from "../../src/http/failures.ts";
import { isObject, type Resource } from "../../src/scim/schema.ts";
import {
  getCall,
  kindOf,
  listCall,
  matching,
  pathTo,
  readBefore,
  resourceIn,
  resourceOf,
  type ScimKind,
  updateCall,
} from "./calls.ts";
import { needsResource } from "./changes.ts";
import { explain } from "./explain.ts";
import { supports } from "./filter.ts";
import { init, options } from "./init.ts";
import { pathOf, valuesAt } from "./paths.ts";
import { attributesIn } from "./schemas.ts";
import { config, URNS } from "./settings.ts";

/** Failures by their scimType, RFC 7644 §3.12. */
const meanings: Readonly<Record<string, "conflict" | "tooMany">> = { uniqueness: "conflict", tooMany: "tooMany" };

/** Another SCIM server. Its attributes are SCIM paths. */
export default defineConnector({
  type: "scim",
  summary: "Another SCIM server, version 2.0 or 1.1: to reshape or restrict it, or to translate a dialect.",
  config,
  example: `type: scim
url: https://app.example.com/scim/v2
auth: { type: bearer, token: "\${env:APP_TOKEN}" }
kinds:
  user: { endpoint: /Users }
  group: { endpoint: /Groups }
`,
  init: {
    example: "postern init scim --url https://app.example.com/scim/v2 --token-env APP_TOKEN",
    options,
    run: init,
  },
  address: ({ url }) => bareUrl(url),
  open: (settings, services): Connector => {
    const client = openClient(settings, services);
    const kinds = new Map(Object.entries(settings.kinds).map(([name, kind]) => [name, kindOf(name, kind, settings)]));
    const kindNamed = (name: string) => kinds.get(name)!;
    const { enterprise } = URNS[settings.version];
    const path = (attr: string) => pathOf(attr, enterprise);
    const hasPatch = settings.patch ?? settings.version === "2.0";

    const call = (request: Call, signal: AbortSignal): Promise<Answer> =>
      request.method === "GET" ? readTwice(() => sent(request, signal), signal) : sent(request, signal);
    const sent = async (request: Call, signal: AbortSignal): Promise<Answer> => {
      const answer = await client.call({ ...request, headers: { ...typed(request), ...request.headers } }, signal);
      if (answer.status < 400) return answer;
      const { scimType } = (answer.body ?? {}) as { scimType?: string };
      const kind = meanings[scimType ?? ""];
      throw failureOf(answer, request, client.clean, { kind });
    };
    const typed = ({ body }: Call): Record<string, string> => ({
      accept: settings.version === "2.0" ? "application/scim+json, application/json;q=0.9" : "application/json",
      ...(body !== undefined && settings.version === "2.0" && { "content-type": "application/scim+json" }),
    });

    const toEntry = (resource: Resource, attrs: readonly string[]): Entry => {
      const pairs = attrs.map((attr) => [attr, fromValues(valuesAt(resource, path(attr)))] as const);
      return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
    };
    const read = async (kind: ScimKind, key: string, attrs: readonly string[] | undefined, signal: AbortSignal) => {
      const answer = await call(getCall(kind, key, attrs, settings, path), signal).catch((error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      return answer && resourceIn(answer, kind, key);
    };
    const present = async (kind: ScimKind, key: string, attrs: readonly string[] | undefined, signal: AbortSignal) => {
      const found = await read(kind, key, attrs, signal);
      if (!found) throw entryNotFound(kind.name, key);
      return found;
    };
    /** The resources of a list, page by page. */
    async function* pages(
      kind: ScimKind,
      request: Omit<SearchRequest, "limit" | "count">,
      start: number,
      size: number,
    ) {
      for (let offset = start; ; ) {
        const { body } = await call(listCall(kind, request, offset, size, settings, path), request.signal);
        const { Resources, resources, totalResults } = (body ?? {}) as Record<string, unknown>;
        const items = Resources ?? resources ?? [];
        const total = Number(totalResults);
        if (!Array.isArray(items) || !items.every(isObject) || !Number.isInteger(total))
          throw new ConnectorError("unavailable", "The server's response is not a list of resources.");
        yield { offset, items: items as Resource[], total };
        offset += items.length;
        if (items.length === 0 || offset >= total) return;
      }
    }

    return {
      kinds: new Map([...kinds.keys()].map((name) => [name, { key: "id" }])),
      supports: (kind, condition) => supports(kindNamed(kind).filters, condition),
      // How the server orders text, and whether case matters, is unknown.
      sorts: () => false,
      search: async (request) => {
        const { kind: name, bookmark, limit, attrs, count } = request;
        const kind = kindNamed(name);
        // Index-based paging is the only method that every server has.
        const place = bookmark ? numberedIn(bookmark) : { offset: request.offset ?? 0 };
        const read = async (start: number, wanted: number) => {
          const items: Resource[] = [];
          let all = 0;
          for await (const page of pages(kind, request, start, Math.min(wanted, settings.pageSize))) {
            items.push(...page.items.slice(0, wanted - items.length));
            all = page.total;
            if (items.length >= wanted) break;
          }
          return { items, total: all, isMore: items.length > 0 && start + items.length < all };
        };
        const list = { keyOf: ({ id }: Resource) => String(id), read };
        const { items, total, next } = await readNumbered(place, limit, list).catch((error) => {
          // An index that the server's list does not have.
          throw searchFailure(error, bookmark);
        });
        return {
          entries: items.map((item) => toEntry(item, attrs)),
          ...(count && total !== undefined && { total }),
          ...(next && { next }),
        };
      },
      get: async ({ kind, key, attrs, signal }) => {
        const found = await read(kindNamed(kind), key, attrs, signal);
        return found && toEntry(found.resource, attrs);
      },
      create: async ({ kind: name, entry, attrs, signal }) => {
        const kind = kindNamed(name);
        const answer = await call({ method: "POST", path: kind.endpoint, body: resourceOf(kind, entry, path) }, signal);
        if (answer.body !== undefined) return afterWrite(async () => toEntry(resourceIn(answer, kind).resource, attrs));
        // The server may return only a Location.
        const key = decodeURIComponent(answer.headers.location?.split("/").at(-1) ?? "");
        return afterWrite(async () => toEntry((await present(kind, key, attrs, signal)).resource, attrs));
      },
      update: async ({ kind: name, key, changes, expected, attrs, signal }) => {
        const kind = kindNamed(name);
        const isRead = !hasPatch || expected !== undefined || needsResource(changes, path);
        const before = isRead ? await present(kind, key, readBefore(changes, expected, hasPatch), signal) : undefined;
        if (before) checkExpected(toEntry(before.resource, Object.keys(expected ?? {})), expected);
        const request = updateCall(kind, { key, changes, before }, settings, hasPatch, path);
        const answer = await call(request, signal).catch(async (error) => {
          // Something that the change refers to may be missing, not the resource itself.
          if (!isNotFound(error)) throw error;
          throw (await read(kind, key, ["id"], signal)) ? refersToNothing(error) : error;
        });
        if (answer.body === undefined && attrs.every((attr) => attr === "id")) return { id: key };
        return afterWrite(async () => {
          const now =
            answer.body === undefined ? await present(kind, key, attrs, signal) : resourceIn(answer, kind, key);
          return toEntry(now.resource, attrs);
        });
      },
      delete: async ({ kind: name, key, expected, signal }) => {
        const kind = kindNamed(name);
        const before = expected && (await present(kind, key, readBefore([], expected, true), signal));
        if (before) checkExpected(toEntry(before.resource, Object.keys(expected)), expected);
        await call({ method: "DELETE", path: pathTo(kind, key), headers: matching(before?.etag) }, signal);
      },
      probe: async (signal) => {
        for (const kind of kinds.values())
          await call(
            {
              method: "GET",
              path: kind.endpoint,
              query: { startIndex: "1", count: "1", ...(settings.projection && { attributes: "id" }) },
            },
            signal,
          );
        return `SCIM ${settings.version} at ${settings.url}`;
      },
      attributes: async (name, signal) => {
        const { schema } = kindNamed(name);
        const { body } = await call({ method: "GET", path: "/Schemas" }, signal);
        return attributesIn(body, enterprise, (id) => id === schema || !/schemas:core:/i.test(id));
      },
      explain: (operation) => explain(kindNamed(operation.kind), operation, settings, hasPatch, path),
      observe: client.observe,
      close: client.close,
    };
  },
});
