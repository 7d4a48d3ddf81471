import { Hono } from "hono";
import { expect, test } from "vitest";
import type { ConsoleEnv } from "../env.ts";
import { configurationPage } from "./configuration.ts";

test("a viewer sees the configuration and what a reload would change, and cannot reload", async () => {
  const done: string[] = [];
  const nothing = { isRefused: false, mistakes: [], changed: [], loosened: [], needRestart: [], seal: "x" };
  const app = new Hono<ConsoleEnv>();
  app.use(async (c, next) => {
    c.set("operator", { ...c.var.operator, name: "vera", role: c.req.header("role") as "viewer", csrf: "" });
    return next();
  });
  app.route(
    "/",
    configurationPage({
      inForce: () => ({ written: "", whole: "", files: [], builtIn: [], at: 0, refused: undefined }),
      changes: async () => nothing,
      reload: async (seal, by) => {
        done.push(`${seal} by ${by}`);
        return { isTaken: true, needRestart: [] };
      },
    }),
  );
  const reload = (role: string, body = '{"seal":"x"}') =>
    app.request("/reload", { method: "POST", headers: { role }, body });
  expect((await app.request("/", { headers: { role: "viewer" } })).status).toBe(200);
  expect((await app.request("/changes", { headers: { role: "viewer" } })).status).toBe(200);
  expect((await reload("viewer")).status).toBe(403);
  expect(done).toEqual([]);
  expect((await reload("operator", "{}")).status).toBe(400);
  expect((await reload("operator")).status).toBe(200);
  expect(done).toEqual(["x by vera"]);
});
