import { join } from "node:path";
import { legacyHr, ROOT, startBefore, startGateway, type TestGateway } from "./gateway.ts";

/** The gateway in front of the gateway in front of the embedded database. */
export async function gatewayBefore(more: object = {}): Promise<TestGateway> {
  const upstream = await startGateway(legacyHr());
  const mapping = (name: string) => ({ connector: "app", mapping: join(ROOT, `mappings/scim/${name}.yaml`) });
  return startBefore(upstream, {
    connectors: {
      app: {
        type: "scim",
        url: upstream.base,
        auth: { type: "bearer", token: upstream.token },
        kinds: { user: { endpoint: "/Users" }, group: { endpoint: "/Groups" } },
        ...more,
      },
    },
    routes: { "/scim/v2": { User: mapping("user"), Group: mapping("group") } },
  });
}
