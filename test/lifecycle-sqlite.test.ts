import { legacyHr, startGateway } from "./servers/gateway.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("the embedded SQLite database", async () => ({ gateway: await startGateway(legacyHr()) }));
