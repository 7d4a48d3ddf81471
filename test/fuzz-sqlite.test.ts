import { legacyHr } from "./servers/gateway.ts";
import { fuzzSuite } from "./suites/fuzz.ts";

// A minute here, where the backend costs least.
fuzzSuite("SQLite", async () => ({ config: legacyHr(), stop: async () => {} }), 60);
