import { startHrGateway } from "./servers/databases.ts";
import { entraSuite } from "./suites/entra.ts";

entraSuite("MariaDB", () => startHrGateway("mysql"));
