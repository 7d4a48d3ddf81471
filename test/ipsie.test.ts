import { join } from "node:path";
import { ROOT, startGateway } from "./servers/gateway.ts";
import { inInterop, ipsieSuite } from "./suites/ipsie.ts";

const mapping = (name: string) => ({ connector: "store", mapping: join(ROOT, `test/tables/memory/${name}.yaml`) });

// The other backends are in test/matrix/.
ipsieSuite("memory", () =>
  startGateway(
    inInterop({
      connectors: { store: { type: "memory", kinds: { person: { unique: ["login"] }, team: { unique: ["name"] } } } },
      routes: { "/scim/v2": { User: mapping("user"), Group: mapping("group") } },
    }),
  ),
);
