import type { OwnAttribute, RowText } from "./mapping-text.ts";
import { type ScimPath, scimPath } from "./paths.ts";
import type { Report } from "./report.ts";
import { isTable, type Path, type Source } from "./source.ts";

/** A line of a map: an attribute of the backend, and where it goes. */
export interface MapLine {
  readonly attr: string;
  /** Its place in the file. */
  readonly path: Path;
  /** Where it goes in SCIM, several paths with commas. */
  readonly mapTo: readonly string[];
  readonly type: string;
  readonly isJoined: boolean;
}

/** What backends do in their own way. */
export interface RowRules {
  /** The row of an attribute that the backend is special about; undefined for the usual one, `null` for none. */
  readonly special: (line: MapLine, mapTo: string) => RowText | null | undefined;
  /** How a truth value is kept that is not the backend's own. */
  readonly boolean: RowText | undefined;
}

/** Rows of a mapping by SCIM path, and the attributes that SCIM has no place for. */
export interface Rows {
  readonly rows: Map<string, RowText>;
  readonly own: readonly OwnAttribute[];
  /** The SCIM paths by attribute in small letters: what a value comes from. */
  readonly sources: ReadonlyMap<string, ScimPath>;
}

/** The lines of `endpoint.map.user` or `.group`. */
export function mapLines(source: Source, kind: "user" | "group"): MapLine[] {
  const path = ["endpoint", "map", kind];
  const map = source.at(path);
  return Object.entries(isTable(map) ? map : {}).flatMap(([attr, line]) => {
    if (!isTable(line) || typeof line.mapTo !== "string" || line.mapTo === "") return [];
    return [
      {
        attr,
        path: [...path, attr],
        mapTo: line.mapTo.split(",").map((each) => each.trim()),
        type: String(line.type ?? "string").toLowerCase(),
        isJoined: line.typeInbound === "string",
      },
    ];
  });
}

/** Converts the lines of a map to rows, and says of each what became of it. */
export function convertRows(
  lines: readonly MapLine[],
  type: "User" | "Group",
  report: Report,
  { special, boolean }: RowRules,
): Rows {
  const rows = new Map<string, RowText>();
  const own: OwnAttribute[] = [];
  const sources = new Map<string, ScimPath>();
  for (const line of lines)
    for (const [index, mapTo] of line.mapTo.entries()) {
      const given = special(line, mapTo);
      if (given === null) continue;
      const path = scimPath(mapTo, type);
      const name = isReference(given) ? path.name : listName(path, mapTo, line);
      if (rows.has(name)) {
        report.left(line.path, `${name} is mapped already: keep one of the two attributes.`);
        continue;
      }
      const row = given ?? usual(line, path, boolean);
      rows.set(name, index === 0 ? row : readOnly(row));
      if (index === 0) sources.set(line.attr.toLowerCase(), path);
      if (path.own !== undefined && path.schema !== undefined)
        own.push({
          schema: path.schema,
          name: path.own,
          isList: line.type === "array" && !line.isJoined,
          resource: type,
        });
      told(report, line, { mapTo, name, isOwn: path.own !== undefined, isSecond: index > 0 });
    }
  return { rows, own, sources };
}

/** Whether a row refers to entries: then it is named by the list. */
const isReference = (row: RowText | undefined): boolean => typeof row === "object" && "ref" in row;

/** A list of plain values in SCIM: `roles.value` is a row with an element for each value. */
const listName = ({ name, own }: ScimPath, mapTo: string, { type }: MapLine): string =>
  own === undefined && type === "array" && !mapTo.includes(".") ? `${name}.value` : name;

function usual({ attr, type, isJoined }: MapLine, { name }: ScimPath, boolean: RowText | undefined): RowText {
  if (type === "array") return isJoined ? { read: `$join([${quoted(attr)}], ", ")` } : { attr, many: true };
  if (name === "active" && type === "boolean" && boolean !== undefined) return { attr, ...(boolean as object) };
  return attr;
}

const quoted = (attr: string) => `\`${attr.replaceAll("`", "")}\``;

function readOnly(row: RowText): RowText {
  return typeof row === "string" ? { attr: row, readOnly: true } : { ...row, readOnly: true };
}

function told(
  report: Report,
  line: MapLine,
  { mapTo, name, isOwn, isSecond }: { mapTo: string; name: string; isOwn: boolean; isSecond: boolean },
): void {
  const { path, attr } = line;
  if (isOwn)
    report.changed(
      path,
      `${mapTo} is not an attribute of SCIM's. Clients now name it ${name}: change the target in Entra's attribute mappings.`,
    );
  else if (line.isJoined)
    report.changed(path, `${name}: the values are joined when read, as before; they are not written.`);
  else if (isSecond) report.changed(path, `${name}: read only, because ${attr} is written by ${line.mapTo[0]}.`);
  else report.carried(path, name);
}
