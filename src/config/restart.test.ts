import { describe, expect, test } from "vitest";
import { inForce } from "./restart.ts";

describe("a configuration in force after a reload", () => {
  test("has what only a start applies as the start found it, in the new file's order", () => {
    const started = { audit: { file: "a" }, server: { port: 1, trustProxy: ["10.0.0.0/8"] }, routes: { "/a": 1 } };
    const current = {
      server: { host: "::", port: 2 },
      limits: { pageSize: 7, shared: { url: "redis://x" } },
      routes: { "/b": 1 },
      log: { level: "debug" },
    };
    const found = inForce<object>(started, current);
    expect(found).toEqual({
      server: { port: 1 },
      limits: { pageSize: 7 },
      routes: { "/b": 1 },
      audit: { file: "a" },
    });
    expect(Object.keys(found)).toEqual(["server", "limits", "routes", "audit"]);
  });

  test("is the file's where nothing differs", () => {
    const config = { server: { port: 1 }, limits: {}, routes: {} };
    expect(inForce<object>(config, config)).toEqual(config);
    expect(inForce<object>({ routes: {} }, { routes: {} })).toEqual({ routes: {} });
  });
});
