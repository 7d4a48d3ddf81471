import { basename, dirname } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";

/** A place in a configuration: names and indexes from its top. */
export type Path = readonly (string | number)[];

/** A configuration file of scimgateway's, such as plugin-ldap.json. */
export interface Source {
  /** What the plugin is called: `ldap` for plugin-ldap.json. */
  readonly name: string;
  /** The folder that the file is in: certificates are below it. */
  readonly folder: string;
  /** The value at a path; undefined if there is none. */
  readonly at: (path: Path) => unknown;
  /** A path as it is shown: `plugin-ldap.json:12 endpoint.map`. */
  readonly place: (path: Path) => string;
}

/** Reads a configuration file's text. Throws an `Error` that names the file if it is not one of scimgateway's. */
export function readSource(file: string, text: string): Source {
  const shown = basename(file);
  const bare = text.replace(/^\uFEFF/, "");
  let data: unknown;
  try {
    data = JSON.parse(bare);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${reasonOf(error)}`);
  }
  if (!isTable(data) || !isTable(data.scimgateway))
    throw new Error(
      `${file} is not a configuration of scimgateway's: it has no "scimgateway" section. Name a file such as config/plugin-ldap.json.`,
    );
  const lines = new LineCounter();
  const document = parseDocument(bare, { lineCounter: lines, uniqueKeys: false });
  const lineOf = (path: Path) => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    return isNode(node) && node.range ? `:${lines.linePos(node.range[0]).line}` : "";
  };
  const at = (path: Path) =>
    path.reduce<unknown>((value, key) => {
      if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
      return isTable(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
    }, data);
  return {
    name: slug(shown.replace(/^plugin-/, "").replace(/\.json$/i, "")) || "scimgateway",
    folder: dirname(file),
    at,
    place: (path) => `${shown}${lineOf(path)} ${path.join(".")}`,
  };
}

/** What V8 says of wrong JSON, without the text that it repeats: that may be a password. */
const reasonOf = (error: unknown): string =>
  (error as Error).message
    .replace(/, (?:\.\.\.)?"[\s\S]*" ?(?:\.\.\.)? is not valid JSON$/, "")
    .replace(/ in JSON /, " ");

/** Whether a value is an object. */
export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a setting says something: scimgateway's files hold null, "" and [] for what is not used. */
export const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== "" &&
  value !== false &&
  !(Array.isArray(value) && value.length === 0);

/** A name as it may stand in a path, a file's name and a connector's. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
