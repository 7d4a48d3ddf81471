import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../../src/connector/connector.ts";
import { lent } from "../../test/servers/lent.ts";
import { workbookOf } from "../../test/servers/workbook.ts";
import { testConnector } from "../../test/suites/contract.ts";
import file from "./index.ts";

const columns = ["employee_id", "title", 'odd "name'];
const cellsOf = (entry: Entry): string[] => columns.map((column) => String(entry[column] ?? ""));
const quoted = (cells: readonly string[], separator: string): string =>
  cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator);

const separated = (separator: string) => (entries: readonly Entry[]) =>
  [columns, ...entries.map(cellsOf)].map((cells) => quoted(cells, separator)).join("\r\n");

const formats: Record<string, (entries: readonly Entry[]) => string | Uint8Array> = {
  "employees.csv": separated(","),
  "employees.tsv": separated("\t"),
  "employees.jsonl": (entries) => entries.map((entry) => JSON.stringify(entry)).join("\n"),
  "employees.xlsx": (entries) => workbookOf([columns, ...entries.map(cellsOf)]),
};

for (const [name, write] of Object.entries(formats))
  testConnector({
    kind: "person",
    name,
    readOnly: true,
    seed: (n) => ({ employee_id: n % 2 === 0 ? `E${n}` : `e'${n}` }),
    unique: "employee_id",
    texts: ["title", 'odd "name'],
    lists: [],
    absentKey: "E4711",
    runs: 100,
    open: async (population) => {
      const folder = mkdtempSync(join(tmpdir(), "postern-drop-"));
      writeFileSync(join(folder, name), write(population));
      const config = file.config.parse({ path: name, settle: 0, kinds: { person: { key: "employee_id" } } });
      const again = () => file.open(config, lent(folder));
      const connector = again();
      const close = async () => {
        await connector.close();
        rmSync(folder, { recursive: true });
      };
      return { connector, again, close };
    },
  });
