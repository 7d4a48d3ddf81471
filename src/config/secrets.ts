import { readFileSync } from "node:fs";

/** A secret that could not be had: its place in the data, and the name that is missing. */
export interface MissingSecret {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Puts secrets in place of `${env:NAME}` and `${file:PATH}` in every text of the data; a file's last line break is cut.
 * What is missing is named in `missing`, never what is there; `files` are those that were read.
 */
export function withSecrets(
  data: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { data: unknown; missing: MissingSecret[]; files: string[] } {
  const missing: MissingSecret[] = [];
  const files: string[] = [];
  const replace = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof value === "string") {
      return value.replace(/\$\{(env|file):([^}]+)\}/g, (_, source: string, name: string) => {
        if (source === "file") files.push(name);
        const found = source === "env" ? env[name] : fileContent(name);
        if (found !== undefined && found !== "") return found;
        missing.push({
          path,
          message:
            source === "env"
              ? `the environment variable ${name} is not set`
              : `the file ${name} cannot be read or is empty`,
        });
        return "";
      });
    }
    if (Array.isArray(value)) return value.map((each, index) => replace(each, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replace(each, [...path, key])]));
  };
  return { data: replace(data, []), missing, files };
}

function fileContent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
