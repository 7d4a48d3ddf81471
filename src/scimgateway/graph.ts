import { isMap, isScalar, parse, parseDocument } from "yaml";
import { GRAPH_CALLS } from "./graph-calls.ts";
import { connectionOf, entraClient } from "./http.ts";
import { mappingText, type OwnAttribute, type RowText, typesText } from "./mapping-text.ts";
import { scimPath } from "./paths.ts";
import type { Report } from "./report.ts";
import { type MapLine, mapLines } from "./rows.ts";
import type { Path, Source } from "./source.ts";
import type { Converted } from "./target.ts";

/** Whether a base entity is of plugin-entra-id, or of plugin-azure-ad as it was called. */
export function isGraph(source: Source, entity: Path): boolean {
  const { tenant, client } = entraClient(source, entity);
  return tenant !== undefined && client !== undefined && mapLines(source, "user").length > 0;
}

/** Attributes of Graph that Postern's mapping takes care of in another row, or that the client must not write. */
const COVERED: Readonly<Record<string, string>> = {
  "passwordProfile.password": "password",
  "passwordProfile.forceChangePasswordNextSignIn":
    "password: the write of passwordProfile in the mapping says whether it must be changed at the next sign-in",
};
/** Rows that are there whatever the file maps. */
const NEEDED = ["id", "userName", "displayName", "members", "meta.created"];
const LEFT: Readonly<Record<string, string>> = {
  servicePlan:
    "Licences are not assigned by Postern. Use group-based licensing: put people into a group that has the licences.",
};

/** Converts a base entity of plugin-entra-id: to the connector `rest` with the calls of Microsoft Graph. */
export function convertGraph(
  source: Source,
  report: Report,
  { entity, name, shipped }: { entity: Path; name: string; shipped: (path: string) => string },
): Converted {
  const folder = `mappings/${name}`;
  const { url: _, ...connection } = connectionOf(source, report, entity);
  const drafts = (["user", "group"] as const).map((kind) =>
    draft(source, report, kind, shipped(`microsoft-graph/${kind}.yaml`)),
  );
  const own = drafts.flatMap((each) => each.own);
  const types = typesText(own);
  const text = ({ kind, rows, create }: (typeof drafts)[number]) =>
    mappingText({
      about: `${kind === "user" ? "Users" : "Security groups"} of Microsoft Graph, with the attributes of plugin-${source.name}.json.`,
      resource: kind === "user" ? "User" : "Group",
      types: own.some(({ resource }) => resource.toLowerCase() === kind) ? "types.yaml" : undefined,
      rows,
      create,
    });
  report.changed(
    entity,
    "Groups for mail and groups with dynamic members are hidden: this account could not write them. docs/guides/microsoft-graph.md says what else to know.",
  );
  return {
    connector: {
      type: "rest",
      url: "https://graph.microsoft.com/v1.0",
      ...connection,
      ...(parse(GRAPH_CALLS, { merge: true }) as object),
    },
    files: new Map([
      ...drafts.map((each) => [`${folder}/${each.kind}.yaml`, text(each)] as const),
      ...(types === undefined ? [] : [[`${folder}/types.yaml`, types] as const]),
    ]),
    types: { User: `${folder}/user.yaml`, Group: `${folder}/group.yaml` },
  };
}

/** Postern's own mapping with the rows that the file maps, and rows for what it maps beside them. */
function draft(source: Source, report: Report, kind: "user" | "group", shipped: string) {
  const resource = kind === "user" ? "User" : "Group";
  const document = parseDocument(shipped);
  const { attributes, create } = document.toJS() as {
    attributes: Record<string, RowText>;
    create?: Record<string, string>;
  };
  const lines = mapLines(source, kind);
  const rows = new Map(Object.entries(attributes));
  const own: OwnAttribute[] = [];
  const rowOf = (attr: string) =>
    Object.keys(attributes).find((path) => attrIn(document.getIn(["attributes", path], true)) === attr);
  const externalId = lines.find(({ mapTo }) => mapTo.includes("externalId"));
  if (externalId && externalId.attr !== "id") {
    rows.set("externalId", { attr: externalId.attr, readOnly: true });
    report.changed(
      externalId.path,
      `externalId: ${externalId.attr}, read only, because it is written by another path.`,
    );
  }
  const used = new Set([...NEEDED, ...(externalId ? ["externalId"] : [])]);
  for (const line of lines) {
    const path = rowOf(line.attr);
    if (path !== undefined) {
      used.add(path);
      toldRow(report, line, path);
    } else if (COVERED[line.attr]) {
      used.add("password");
      report.changed(line.path, COVERED[line.attr]!);
    } else if (LEFT[line.attr]) report.left(line.path, LEFT[line.attr]!);
    else {
      const added = scimPath(line.mapTo[0]!, resource);
      const isList = line.type === "array" && !line.isJoined;
      rows.set(added.name, isList ? { attr: line.attr, many: true } : rowFor(line));
      if (added.own !== undefined && added.schema !== undefined)
        own.push({ schema: added.schema, name: added.own, isList, resource });
      used.add(added.name);
      toldRow(report, line, added.name);
    }
  }
  const mapped = new Map([...rows].filter(([path]) => used.has(path)));
  return { kind, rows: mapped, create: create ?? {}, own };
}

/** Truth values become text, because the attribute has no type of its own in a file of types. */
const rowFor = ({ attr, type }: MapLine): RowText =>
  type === "boolean" ? { attr, as: { values: { true: true, false: false } } } : attr;

const toldRow = (report: Report, { path, mapTo }: MapLine, to: string) =>
  mapTo.includes(to)
    ? report.carried(path, to)
    : report.changed(path, `${mapTo.join(", ")} is ${to}: change the target in the client's attribute mappings.`);

/** The attribute that a row of a mapping names. */
function attrIn(row: unknown): string | undefined {
  if (isScalar(row)) return String(row.value);
  return isMap(row) ? (row.get("attr") as string | undefined) : undefined;
}
