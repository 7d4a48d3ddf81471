import { startHrGateway } from "./servers/databases.ts";
import { entraSuite } from "./suites/entra.ts";

entraSuite("PostgreSQL", () => startHrGateway("postgres"));
