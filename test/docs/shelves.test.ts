import { expect, test } from "vitest";
import { pagesOf, shelves } from "../../docs/.vitepress/shelves.ts";
import { pages } from "./pages.ts";

// docs/README.md and the site's sidebar are made from the shelves.
test("every page of docs/ stands on one shelf, in docs/.vitepress/shelves.ts", () => {
  const written = pages().flatMap((page) => (page.startsWith("docs/") ? [page.slice("docs/".length)] : []));
  const listed = pagesOf(...shelves).map(([path]) => path);
  expect(listed.toSorted()).toEqual(written.filter((page) => !["README.md", "index.md"].includes(page)));
});
