import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../src/observe/metrics.ts";
import { ROOT } from "../servers/gateway.ts";

const textOf = (file: string) => readFileSync(join(ROOT, file), "utf8");

test("the monitoring guide names each metric, and no others", () => {
  const [, table = ""] = textOf("docs/guides/monitoring.md").split("## Metrics\n");
  const named = [...table.matchAll(/^\| `(postern_\w+)` \|/gm)].map(([, name]) => name);
  const all = createMetrics().registry.getMetricsAsArray();
  const ours = all.map(({ name }) => name).filter((name) => name.startsWith("postern_"));
  expect(named.toSorted()).toEqual(ours.toSorted());
});

test("the monitoring guide has a section for each alert, in their order", () => {
  const { groups } = parse(textOf("examples/monitoring/alerts.yaml")) as { groups: { rules: { alert: string }[] }[] };
  const sections = [...textOf("docs/guides/monitoring.md").matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)));
});

test("log lines and messages that guides explain are those of the source", () => {
  const source = globSync(["src/**/*.ts", "connectors/**/*.ts", "sinks/**/*.ts"], { cwd: ROOT }).map(textOf).join("\n");
  const pages = ["logs", "audit", "tls", "reload", "guard", "high-availability"].map(
    (name) => `docs/guides/${name}.md`,
  );
  const explained = pages.flatMap((page) =>
    textOf(page)
      .split("\n")
      .filter((line) => /^\| `[a-z][^`]* [^`]* [^`]*`/.test(line))
      .map((line) => ({ page, message: /^\| `([^`]+)`/.exec(line)![1]! })),
  );
  expect(explained.length).toBeGreaterThan(10);
  const isSaid = (message: string) => message.split("...").every((part) => source.includes(part.trim()));
  expect(explained.filter(({ message }) => !isSaid(message))).toEqual([]);
});
