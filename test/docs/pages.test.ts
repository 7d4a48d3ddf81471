import { expect, test } from "vitest";
import { pages, pendingPages } from "./pages.ts";
import { runPage } from "./run.ts";

const all = pages();
const pending = pendingPages();

test.each(all.filter((page) => !pending.includes(page)))(
  "%s shows what comes out",
  async (page) => {
    const { mistakes } = await runPage(page);
    expect(mistakes.map(({ line, text }) => `${page}:${line}: ${text}`).join("\n\n")).toBe("");
  },
  180_000,
);

test("pages that wait to be written anew are there", () => {
  expect(pending.filter((page) => !all.includes(page))).toEqual([]);
});
