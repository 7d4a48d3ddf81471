import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startedAs } from "./started.ts";

test("a gateway knows whether it runs from a clone, as a package or in the image", () => {
  expect(startedAs()).toBe("clone");
  expect(startedAs("/usr/lib/node_modules/postern/dist/src/console/started.js")).toBe("package");
  expect(startedAs("/app/dist/src/console/started.js")).toBe("container");
  const image = readFileSync(join(import.meta.dirname, "../../Dockerfile"), "utf8");
  expect(image).toContain("/postern/dist /app/dist\n");
});
