import { existsSync, globSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { unknownName } from "./checks.ts";

/** What the name of a shipped file begins with: `postern:openldap/user` is mappings/openldap/user.yaml of the package. */
const SCHEME = "postern:";

/** Postern's own folder, with mappings, schemas and the embedded example: the clone's, or that of the installed package. */
export const packageFolder = folderOfPackage(import.meta.dirname);

/** The folder of the shipped mappings. */
export const shippedFolder = join(packageFolder, "mappings");

/** Sources are at src/config, what is built of them at dist/src/config. */
function folderOfPackage(here: string): string {
  const above = resolve(here, "../..");
  return above.endsWith(`${sep}dist`) ? dirname(above) : above;
}

/** What a file that others name holds: a mapping, or resource types. */
export type ShippedKind = "mapping" | "types";

/** The names of shipped files of a kind, such as `postern:openldap/user`, in order. */
export const shippedNames = (kind: ShippedKind): string[] =>
  globSync("*/*.yaml", { cwd: shippedFolder })
    .filter((path) => (kind === "types" ? /\.types\.yaml$/ : /\/[\w-]+\.yaml$/).test(path.replaceAll(sep, "/")))
    .map(nameOf)
    .sort();

const nameOf = (path: string): string => SCHEME + path.replaceAll(sep, "/").replace(/\.yaml$/, "");

/** A file that another one names: where it is, or why it cannot be told. */
export type Located =
  | { readonly file: string }
  | { readonly file?: undefined; readonly problem: ReturnType<typeof unknownName> };

/** Finds a file by the name that another one gives it: a shipped one's, or a path that starts at a folder. */
export function locate(name: string, folder: string, kind: ShippedKind): Located {
  if (!name.startsWith(SCHEME)) return atPath(name, resolve(folder, name), kind);
  const known = shippedNames(kind);
  const wanted = name.replace(/\.yaml$/, "");
  if (known.includes(wanted)) return { file: `${join(shippedFolder, wanted.slice(SCHEME.length))}.yaml` };
  const what = kind === "types" ? "no types file is shipped as" : "no mapping is shipped as";
  const problem = unknownName(what, name, known);
  if (problem.about.suggestion !== undefined) return { problem };
  const beside = known.filter((each) => each.startsWith(`${wanted.split("/")[0]}/`));
  return { problem: unknownName(what, name, beside) };
}

/** A path; one that leads nowhere, and ends as that of a shipped file does, is probably meant to be that one. */
function atPath(name: string, file: string, kind: ShippedKind): Located {
  const suggestion = existsSync(file) ? undefined : shippedNames(kind).find((each) => endsAs(name, each));
  if (suggestion === undefined) return { file };
  const message = `no such file: ${shownName(file)}, did you mean "${suggestion}"?`;
  return { problem: { message, about: { code: "file", suggestion } } };
}

const endsAs = (path: string, shipped: string): boolean =>
  `/${path.replaceAll("\\", "/").replace(/\.yaml$/, "")}`.endsWith(`/${shipped.slice(SCHEME.length)}`);

/** A file's name in messages: a path below the working directory as it is, a shipped file by its name, others by their whole path. */
export function shownName(file: string): string {
  const shipped = relative(shippedFolder, file);
  const isShipped = !shipped.startsWith("..") && shipped !== "" && resolve(shippedFolder, shipped) === file;
  // Who works on a clone of Postern edits these files.
  if (isShipped && resolve("mappings") !== shippedFolder) return nameOf(shipped);
  const path = relative(process.cwd(), file);
  return path.startsWith("..") ? file : path;
}

/** Reports whether a file is one of Postern's own, which nobody edits in place. */
export const isShipped = (file: string): boolean => !relative(shippedFolder, file).startsWith("..");
