import { Hono } from "hono";
import { expect, test } from "vitest";
import type { ConsoleEnv } from "./env.ts";
import { withRoom } from "./room.ts";

test("of a session only so many requests are answered at a time, and others have room", async () => {
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const app = new Hono<ConsoleEnv>();
  app.use(async (c, next) => {
    c.set("operator", { name: "ann", role: "viewer", csrf: "", session: c.req.header("session")! });
    await next();
  });
  app.use(withRoom());
  app.get("/slow", async (c) => {
    await slow;
    return c.text("done");
  });
  app.get("/fails", () => Promise.reject(new Error("a fault")));
  app.onError((_, c) => c.text("fault", 500));
  const ask = async (session: string, path = "/slow") => (await app.request(path, { headers: { session } })).status;
  for (let n = 0; n < 20; n++) expect(await ask("one", "/fails")).toBe(500);
  const first = Array.from({ length: 16 }, () => ask("one"));
  expect(await ask("one")).toBe(429);
  const other = ask("other");
  answer();
  expect(await Promise.all([...first, other])).toEqual(Array(17).fill(200));
  expect(await ask("one")).toBe(200);
});
