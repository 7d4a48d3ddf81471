import type { Services } from "../../src/connector/connector.ts";
import { filesIn } from "../../src/connector/kit/files.ts";

/** What a connector is lent in a test that opens it by itself; relative paths start at a folder. */
export const lent = (folder = "/", more: Partial<Services> = {}): Services => ({
  files: filesIn(folder),
  log: { warn: () => {} },
  ...more,
});
