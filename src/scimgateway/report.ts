import { isSet, type Path, type Source } from "./source.ts";

/** What became of a setting. */
export type Outcome = "carried" | "changed" | "left";

/** What became of one setting, and what to do about it. */
export interface Item {
  readonly outcome: Outcome;
  /** The file, the line and the setting. */
  readonly place: string;
  readonly text: string;
}

/** Takes down what becomes of a file's settings while it is converted. */
export interface Report {
  readonly items: readonly Item[];
  /** Whether something was said of a setting, of what is within it, or of what it is within. */
  readonly isTold: (path: Path) => boolean;
  readonly carried: (path: Path, text: string) => void;
  readonly changed: (path: Path, text: string) => void;
  readonly left: (path: Path, text: string) => void;
  /** A reference to a secret, never the secret; undefined if there is none. `name` is the environment variable to take. */
  readonly secret: (path: Path, name: string) => string | undefined;
  /** A setting that is text; undefined if there is none. */
  readonly text: (path: Path) => string | undefined;
  /** A file that a setting names, by its path from where the program runs. */
  readonly file: (path: Path, folder: string) => string | undefined;
}

/** Opens a report on a file. `names` are the environment variables that are taken, over all files. */
export function openReport(source: Source, names: Set<string>): Report {
  const items: Item[] = [];
  const told: Path[] = [];
  const note = (outcome: Outcome) => (path: Path, text: string) => {
    told.push(path);
    const item = { outcome, place: source.place(path), text };
    // Maps are shared by all base entities.
    if (!items.some((each) => each.place === item.place && each.text === text)) items.push(item);
  };
  const [carried, changed, left] = [note("carried"), note("changed"), note("left")];
  const text = (path: Path): string | undefined => {
    const value = source.at(path);
    if (!isSet(value)) return undefined;
    const written = String(value);
    const external = externalOf(written);
    if (external?.from === "env") return `\${env:${external.name}}`;
    if (external?.from === "text") return `\${file:${external.name}}`;
    if (external === undefined && !written.includes("${")) return written;
    left(
      path,
      external
        ? `The value is in ${external.name}, a JSON file, which Postern does not read: write it into gateway.config.yaml.`
        : "The value contains ${, which Postern takes for a reference: write it into a file and refer to it by ${file:PATH}.",
    );
    return undefined;
  };
  const isWithin = (inner: Path, outer: Path) => outer.every((each, index) => String(inner[index]) === String(each));
  return {
    items,
    // What is said of the whole of a file or of an entity says nothing of each setting.
    isTold: (path) => told.some((each) => (each.length > 3 && isWithin(path, each)) || isWithin(each, path)),
    carried,
    changed,
    left,
    text,
    secret: (path, name) => {
      const value = source.at(path);
      if (!isSet(value)) return undefined;
      const external = externalOf(String(value));
      if (external?.from === "env") {
        carried(path, `\${env:${external.name}}`);
        return `\${env:${external.name}}`;
      }
      if (external?.from === "text") {
        carried(path, `\${file:${external.name}}`);
        return `\${file:${external.name}}`;
      }
      const variable = freeName(name, names);
      changed(
        path,
        external
          ? `The secret is in ${external.name} under "plugin-${source.name}.${path.join(".")}": put it into the environment variable ${variable}.`
          : `The secret is not copied: put it into the environment variable ${variable}. Take the original: scimgateway encrypts what stands in its file.${path[0] === "scimgateway" ? " If it is shorter than 16 characters choose a new one, and give it to the client." : ""}`,
      );
      return `\${env:${variable}}`;
    },
    file: (path, folder) => {
      const name = text(path);
      if (name === undefined) return undefined;
      const isWhole = /^([/\\]|[A-Za-z]:|\$)/.test(name);
      return isWhole ? name : `${source.folder}/${folder}/${name}`;
    },
  };
}

interface External {
  readonly from: "env" | "file" | "text";
  readonly name: string;
}

/** Where a value is that is not in the file: `process.env.PORT`. */
function externalOf(value: string): External | undefined {
  const [, from, name = ""] = /^process\.(env|file|text)\.(.+)$/.exec(value) ?? [];
  if (from === undefined || (from === "env" ? !/^\w+$/.test(name) : /[{}]/.test(name))) return undefined;
  return { from: from as External["from"], name };
}

function freeName(wanted: string, names: Set<string>): string {
  const base = wanted
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^(?=\d)/, "_");
  let name = base;
  for (let n = 2; names.has(name); n++) name = `${base}_${n}`;
  names.add(name);
  return name;
}
