import { type Connector, defineConnector, type ResolveRequest } from "../../src/connector/connector.ts";
import { createSeal } from "../../src/connector/kit/seal.ts";
import { bareUrl } from "../../src/connector/kit/text.ts";
import { openClient } from "../../src/http/client.ts";
import { apiOf } from "./api.ts";
import { compileCall } from "./calls.ts";
import { supports } from "./conditions.ts";
import { explain } from "./explain.ts";
import { judgeBy } from "./failures.ts";
import { argument, init, options } from "./init/init.ts";
import { compileKind } from "./kind.ts";
import { readsOf } from "./reads.ts";
import { searchOf } from "./search.ts";
import { config } from "./settings.ts";
import { snapshotsOf } from "./snapshots.ts";
import { writesOf } from "./writes.ts";

/** Any HTTP and JSON API, by a description of its calls. */
export default defineConnector({
  type: "rest",
  summary: "Users and groups behind any JSON API over HTTP, described call by call.",
  config,
  example: `type: rest
url: https://people.example.com/api/v2
auth: { type: bearer, token: "\${env:PEOPLE_TOKEN}" }
failures:
  - { when: '$status = 400 and code = "email_taken"', is: conflict, attribute: email }
kinds:
  user:
    key: id
    get: { path: "/users/{$key}" }
    search:
      path: /users
      query: { filter: $where, per_page: $limit, page: $page }
      items: data
      total: meta.total
      page: { by: number, size: 100 }
      quote: json
      and: '$join($conditions, " and ")'
    create: { method: POST, path: /users, body: $ }
    update: { method: PATCH, path: "/users/{$key}", body: $changed }
    delete: { method: DELETE, path: "/users/{$key}" }
    attributes:
      email: { filter: { eq: '"email = " & $quoted', sw: '"email ^ " & $quoted' } }
      roles:
        add: { method: PUT, path: "/users/{$key}/roles/{$value}" }
        remove: { method: DELETE, path: "/users/{$key}/roles/{$value}" }
`,
  init: {
    example: "postern init rest openapi.yaml --url https://people.example.com/api/v2",
    argument,
    options,
    run: init,
  },
  address: ({ url }) => bareUrl(url),
  open: (settings, services): Connector => {
    const client = openClient(settings, services);
    const kinds = new Map(Object.entries(settings.kinds).map(([name, each]) => [name, compileKind(name, each)]));
    const kindNamed = (name: string) => kinds.get(name)!;
    const api = apiOf(client, judgeBy(settings.failures, client.clean));
    const reads = readsOf(api, settings.url);
    const snapshots = snapshotsOf(api, reads);
    const asked = searchOf({ api, reads, base: settings.url, seal: createSeal(settings) });
    const search: typeof asked = (kind, request) =>
      kind.search.snapshot && !request.where ? snapshots.search(kind, request) : asked(kind, request);
    const writes = writesOf(api, reads);
    const probe = settings.probe && compileCall(settings.probe);
    return {
      kinds: new Map([...kinds].map(([name, { key }]) => [name, { key }])),
      supports: (kind, condition) => supports(kindNamed(kind).filters, condition),
      isSingle: (kind, attr) => {
        const special = kindNamed(kind).special.get(attr);
        return !special?.list && !special?.read && !special?.add;
      },
      // How an API orders text, and whether case matters, is unknown.
      sorts: () => false,
      search: (request) => search(kindNamed(request.kind), request),
      get: async (request) => {
        const kind = kindNamed(request.kind);
        if (kind.get) return reads.get(kind, request);
        const item = await snapshots.get(kind, request.key, request.signal);
        return item && reads.pick(kind, item, request.attrs, request.signal);
      },
      create: (request) => writes.create(kindNamed(request.kind), request),
      update: (request) => writes.update(kindNamed(request.kind), request),
      delete: (request) => writes.delete(kindNamed(request.kind), request),
      ...([...kinds.values()].some(({ within }) => within) && {
        resolve: ({ kind: name, values, signal }: ResolveRequest) => {
          const kind = kindNamed(name);
          return (kind.get ? reads : snapshots).among(kind, values, signal);
        },
      }),
      probe: async (signal) => {
        if (probe) await api.ask(probe, { input: undefined, variables: {} }, signal);
        else
          for (const kind of kinds.values())
            await search(kind, { kind: kind.name, attrs: [], limit: 1, count: false, signal });
        return `the API at ${settings.url}`;
      },
      explain: (operation) => explain(kindNamed(operation.kind), operation),
      observe: client.observe,
      close: () => {
        snapshots.close();
        return client.close();
      },
    };
  },
});
