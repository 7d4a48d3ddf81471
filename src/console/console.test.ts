import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { createConsole } from "./console.ts";
import type { ConsolePage } from "./env.ts";

const RAW = "cannot read properties of secret-0815";
const folder = join(import.meta.dirname, "pages");
const names = globSync("*.ts", { cwd: folder }).filter((name) => !name.endsWith(".test.ts"));

/** What fails whatever it is asked, and has everything. */
const broken: unknown = new Proxy(() => {}, {
  get: () => broken,
  apply: () => {
    throw new TypeError(RAW);
  },
});

test.each(names)("the faults of pages/%s are answered with the console's own sentence, and logged", async (file) => {
  const make = Object.values(await import(join(folder, file))).find(
    (each): each is (deps: unknown) => ConsolePage => typeof each === "function" && each.name.endsWith("Page"),
  );
  const page = make!(broken).get("/fault/of/its", () => {
    throw new TypeError(RAW);
  });
  const logged: string[] = [];
  const app = createConsole({
    assets: new Map(),
    signIn: {
      endpoints: new Hono(),
      identify: async (c, next) => {
        c.set("operator", { name: "ann", role: "operator", csrf: "", session: "" });
        return next();
      },
      changing: (_, next) => next(),
      idleMinutes: 60,
    },
    pages: { [basename(file, ".ts")]: page },
    failed: ({ message }) => logged.push(message),
  });
  const query = new URLSearchParams({ route: "/scim/v2", type: "User", id: "x", text: "x", kind: "x", before: "1" });
  for (const { method, path } of page.routes.filter((each) => each.method !== "ALL")) {
    const init = { method, ...(method === "POST" && { body: "{}" }) };
    const address = `/console/api/${basename(file, ".ts")}${path.replace(/:\w+\{(\w+)\|[^}]*\}/g, "$1").replace(/:\w+(\{[^}]*\})?/g, "1")}`;
    const answers = [await app.request(`${address}?${query}`, init), await app.request(address, init)];
    for (const text of await Promise.all(answers.map((each) => each.text()))) expect(text).not.toContain(RAW);
    if (path.endsWith("/fault/of/its")) expect([answers[0]!.status, logged.at(-1)]).toEqual([500, RAW]);
  }
});
