import { startHrGateway } from "./servers/databases.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("MariaDB", async () => ({ gateway: await startHrGateway("mysql") }));
