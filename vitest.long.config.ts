import { defineConfig } from "vitest/config";

/** Laws that are drawn for longer, and sizes that take minutes: `npm run test:long`. */
export default defineConfig({
  test: { include: ["test/long/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 60_000, maxWorkers: 2 },
});
