import { tmpdir } from "node:os";
import { basename, dirname, join, posix } from "node:path";
import { type Condition, type Connector, defineConnector, type Services } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { expired } from "../../src/connector/paging.ts";
import { fitsPattern } from "./choose.ts";
import { localDrop } from "./drop.ts";
import { argument, init, options } from "./init/init.ts";
import { columnNamed } from "./load.ts";
import { config, type Settings } from "./settings.ts";
import { sftpDrop } from "./sftp.ts";
import { openSource, type SourceParts } from "./source.ts";
import { attributesOf, openSql, toSql } from "./table.ts";

/** Files exported by other systems: separated values, JSON lines and workbooks. Each is loaded into SQLite and queried there. */
export default defineConnector({
  type: "file",
  summary: "CSV, TSV, JSON lines and XLSX files: a single file, a drop folder, or SFTP. Read-only.",
  config,
  example: `type: file
folder: { path: /srv/hr/drop, pattern: "employees-*.csv" }
columns:
  HireDate: { as: date, format: dd.mm.yyyy }
  TerminationDate: { as: date, format: dd.mm.yyyy, nulls: [31.12.9999] }
  OnLeave: { as: boolean }
nulls: [NULL, N/A]
ids: { columns: [WorkerID, ManagerID], pad: 8 }
trailer: ^TOTAL;(\\d+)
processed: processed
failed: failed
kinds:
  person: { key: WorkerID }
`,
  init: { example: "postern init file employees.csv --out hr", argument, options, run: init },
  address: ({ path, folder, sftp }) => `${sftp ? `sftp://${sftp.host}:${sftp.port}/` : ""}${path ?? folder?.path}`,
  open: (settings, services): Connector => {
    const source = openSource(sourceParts(settings, services));
    // Never queried: it only answers questions about capabilities, which follow from the settings.
    const shape = openSql(settings, ":memory:", services);
    const attributes = attributesOf(settings, shape);
    const refuse = async (): Promise<never> => {
      throw new ConnectorError("invalid", "Files are read-only: change the data at its source.", {
        mayHaveHappened: false,
      });
    };
    return {
      ...attributes,
      search: async (request) => {
        const { kind, attrs, bookmark, offset = 0, where, orderBy, signal } = request;
        const isBeginning = !bookmark && offset === 0;
        const latest = await (isBeginning ? source.refresh(signal) : source.current(signal));
        const version = bookmark ? source.version(bookmark[0]) : latest;
        // The version that a listing started on may be gone. Pages of two versions would miss people.
        if (!version) throw expired();
        const { sql, entries } = version;
        const inner = bookmark?.slice(1);
        if (inner?.length === 0) throw expired();
        const found = await sql.search({
          ...request,
          attrs: entries.asked(kind, attrs),
          ...(where && { where: toSql(where) }),
          ...(orderBy && { orderBy: { ...orderBy, attr: ownOrder(orderBy.attr) } }),
          ...(inner && { bookmark: inner }),
        });
        const { next, ...rest } = found;
        return {
          ...rest,
          entries: found.entries.map((entry) => entries.entry(kind, attrs, entry)),
          ...(next && { next: [version.id, ...next] }),
        };
      },
      get: async ({ kind, key, attrs, signal }) => {
        const { sql, entries } = await source.current(signal);
        const found = await sql.get({ kind, key, attrs: entries.asked(kind, attrs), signal });
        return found && entries.entry(kind, attrs, found);
      },
      create: refuse,
      update: refuse,
      delete: refuse,
      resolve: async (request) => (await source.current(request.signal)).sql.resolve!(request),
      probe: (signal) => source.status(signal),
      check: async (uses, signal) => {
        const version = await source.refresh(signal);
        const findings = [...uses].flatMap(([kind, { reads, writes }]) => [
          ...missingColumns(settings, kind, reads, version.loaded.columns).map((name) => ({
            ok: false,
            text: `${kind}: ${version.name} has no column "${name}", which the mapping reads`,
          })),
          ...writes.map((attr) => ({
            ok: false,
            text: `${kind}: files are read-only, but the mapping writes "${attr}": mark it readOnly`,
          })),
        ]);
        return findings.length > 0 ? findings : [{ ok: true, text: await source.status(signal) }];
      },
      attributes: async (kind, signal) => {
        const { columns } = (await source.current(signal)).loaded;
        return [...columns, ...ownNames(settings, kind)].map((name) => ({ name }));
      },
      explain: (operation) => {
        if (operation.type !== "search" && operation.type !== "get") return "nothing: files are read-only";
        const shown: Condition | undefined =
          operation.type === "search" && operation.where ? toSql(operation.where) : undefined;
        return shape.explain({ ...operation, ...(shown && { where: shown }) } as typeof operation);
      },
      close: async () => {
        await source.close();
        await shape.close();
      },
    };
  },
});

const ownOrder = (attr: string): string => (attr === "line" ? "postern:line" : attr);

/** Attributes that entries have beside the file's columns. */
const ownNames = ({ kinds }: Settings, kind: string): string[] =>
  kinds[kind]!.rows ? ["rows", "problems"] : ["line", "problems"];

/** Columns that a mapping reads in rows, but the file lacks. */
function missingColumns(
  settings: Settings,
  kind: string,
  reads: readonly string[],
  columns: readonly string[],
): string[] {
  const { rows } = settings.kinds[kind]!;
  const own = ownNames(settings, kind);
  // An expression over `rows` uses the columns within them; such an entry has no columns itself.
  const isThere = (attr: string) => columns.includes(attr) || (rows !== undefined && attr === "line");
  const isDirect = (attr: string) =>
    rows !== undefined && !reads.includes("rows") && attr !== columnNamed(rows.by, settings);
  return [...new Set(reads)].filter((attr) => !own.includes(attr) && (!isThere(attr) || isDirect(attr)));
}

function sourceParts(settings: Settings, services: Services): SourceParts {
  const { path, folder, sftp, stateFile, temporary } = settings;
  const { files } = services;
  const pattern = folder ? folder.pattern : basename(path!);
  const common = {
    temporary: temporary === undefined ? tmpdir() : files.path(temporary),
    settings,
    services,
    pattern,
    fits: folder ? fitsPattern(pattern) : (name: string) => name === pattern,
  };
  if (!sftp) {
    const where = files.path(folder ? folder.path : dirname(path!));
    const hidden = join(where, `.postern-file-${pattern.replace(/[^\w.-]/g, "_")}.json`);
    return {
      ...common,
      drop: localDrop(where),
      stateFile: stateFile === undefined ? hidden : files.path(stateFile),
      everyMs: 0,
    };
  }
  const privateKey = sftp.privateKey === undefined ? undefined : files.text("sftp.privateKey", sftp.privateKey);
  const where = folder ? folder.path : posix.dirname(path!);
  return {
    ...common,
    drop: sftpDrop({ ...sftp, privateKey }, where),
    stateFile: files.path(stateFile!),
    everyMs: sftp.every * 1000,
  };
}
