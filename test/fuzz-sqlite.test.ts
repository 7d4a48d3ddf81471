import { legacyHr } from "./servers/gateway.ts";
import { fuzzSuite } from "./suites/fuzz.ts";

fuzzSuite("SQLite", async () => ({ config: legacyHr(), stop: async () => {} }));
