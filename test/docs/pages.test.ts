import { expect, test } from "vitest";
import { pages } from "./pages.ts";
import { runPage } from "./run.ts";

test.each(pages())(
  "%s shows what comes out",
  async (page) => {
    const { mistakes } = await runPage(page);
    expect(mistakes.map(({ line, text }) => `${page}:${line}: ${text}`).join("\n\n")).toBe("");
  },
  180_000,
);
