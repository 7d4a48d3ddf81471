import { readFileSync } from "node:fs";

/** A secret that could not be resolved: its place and the reason, never its value. */
export interface MissingSecret {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A reference as it is written, and what it stands for. */
export interface Resolved {
  readonly reference: string;
  readonly text: string;
}

/**
 * Resolves `${env:NAME}` and `${file:PATH}` in all texts of the data, without a file's last line break. `missing` lists failed or misspelt
 * references, `files` the files that were read, `values` what was put in.
 */
export function withSecrets(
  data: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { data: unknown; missing: MissingSecret[]; files: string[]; values: Resolved[] } {
  const missing: MissingSecret[] = [];
  const files: string[] = [];
  const values: Resolved[] = [];
  const replace = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof value === "string") {
      // Resolved secrets are not searched for references: a secret may be any text.
      missing.push(...mistaken(value, path).map((message) => ({ path, message })));
      return value.replace(REFERENCE, (reference, source: string, name: string) => {
        if (source === "file") files.push(name);
        const found = source === "env" ? env[name] : fileContent(name);
        if (found !== undefined && found !== "") {
          values.push({ reference, text: found });
          return found;
        }
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
  return { data: replace(data, []), missing, files, values };
}

/** A reference to a secret in a text. */
export const REFERENCE = /\$\{(env|file):([^}]+)\}/g;
/** JSONata that groups, `${"name": value}` or `${name: value}`, is not a misspelt reference. */
const GROUPS = /^\s*(?:["'`$(]|(?!env\b|file\b)[\w.]+\s*:\s)/i;
/** A text that a shell would expand. */
const SHELL = /^\$([A-Z_][A-Z0-9_]*)$/;
const SECRET_SETTING = /(?:password|passphrase|token|secret|secrets|key)$/i;

/**
 * Finds texts that look like references but are not. Taken literally, they would be secrets that any reader of the documentation can guess.
 */
function mistaken(text: string, path: readonly (string | number)[]): string[] {
  const found = [...text.replace(REFERENCE, "").matchAll(/\$\{(\{[^{}]*\}|[^{}]*)(\}?)/g)];
  const wrong = found.filter(([, inner = ""]) => !GROUPS.test(inner));
  if (wrong.length > 0)
    return wrong.map(([whole, inner = ""]) => {
      // A secret that contains braces must not be repeated in the message.
      const shown = whole === text.trim() ? whole : "${...}";
      return `\`${shown}\` is not a valid reference: write ${meant(inner)}`;
    });
  const setting = path.findLast((each) => typeof each === "string");
  const [, name] = SHELL.exec(text) ?? [];
  return name !== undefined && SECRET_SETTING.test(String(setting))
    ? [`\`$${name}\` is not a valid reference: write ${meant(name)}`]
    : [];
}

/** The references that were probably meant. */
function meant(inner: string): string {
  const [, source = "env", rest = ""] = /^[{\s]*(?:(env|file|secrets?|vars?)\s*[.:]\s*)?(.*)$/is.exec(inner)!;
  if (source.toLowerCase() === "file") return `\`\${file:${rest.trim() || "PATH"}}\``;
  return `\`\${env:${/^[A-Za-z_]\w*/.exec(rest)?.[0] ?? "NAME"}}\` or \`\${file:PATH}\``;
}

function fileContent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
