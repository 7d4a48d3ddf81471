import { legacyHr, startGateway } from "./servers/gateway.ts";
import { entraSuite } from "./suites/entra.ts";

entraSuite("SQLite", () => startGateway(legacyHr()));
