import { startHrGateway } from "./servers/databases.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("PostgreSQL", async () => ({ gateway: await startHrGateway("postgres") }));
