import { defineConfig } from "vitest/config";

/** Laws that are drawn for longer, and sizes that take minutes: `npm run test:long`. Each backend's suites run again with more that is drawn. */
export default defineConfig({
  test: {
    include: ["test/long/**/*.test.ts", "test/matrix/**/*.test.ts", "test/syncs.test.ts"],
    env: { FUZZ_SECONDS: "60", FILTERS: "10000", HISTORIES: "60" },
    testTimeout: 600_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
