import { legacyHr, startGateway } from "../servers/gateway.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { fuzzSuite } from "../suites/fuzz.ts";
import { inInterop, ipsieSuite } from "../suites/ipsie.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const start = () => startGateway(legacyHr());

scimSuite("SQLite", start);
entraSuite("SQLite", start);
filterSuite("SQLite", start);
ipsieSuite("SQLite", () => startGateway(inInterop(legacyHr())));
lifecycleSuite("the embedded SQLite database", async () => ({ gateway: await start() }));
// Longer here, where the backend costs least.
fuzzSuite("SQLite", async () => ({ config: legacyHr(), stop: async () => {} }), 10);
