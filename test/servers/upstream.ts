import { join } from "node:path";
import type { Client } from "../clients/replay.ts";
import { legacyHr, ROOT, startBefore, startGateway, type TestGateway } from "./gateway.ts";

/** The connector's settings for a SCIM server, and the routes of the shipped mappings. */
export function openUpstream({ base, token }: Client, more: object = {}) {
  const mapping = (name: string) => ({ connector: "app", mapping: join(ROOT, `mappings/scim/${name}.yaml`) });
  return {
    connectors: {
      app: {
        type: "scim",
        url: base,
        auth: { type: "bearer", token },
        kinds: { user: { endpoint: "/Users" }, group: { endpoint: "/Groups" } },
        ...more,
      },
    },
    routes: { "/scim/v2": { User: mapping("user"), Group: mapping("group") } },
  };
}

/** The gateway in front of the gateway in front of the embedded database. */
export async function gatewayBefore(more: object = {}): Promise<TestGateway> {
  const upstream = await startGateway(legacyHr());
  return startBefore(upstream, openUpstream(upstream, more));
}
