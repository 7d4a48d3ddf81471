/** A mistake in a file, or something worth a look, with the place where it is. Lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** What kind of mistake it is, for tools: `unknown-key`, `unknown-function`. */
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many characters of the line are wrong; 0 if that is not known. */
  readonly length: number;
  readonly message: string;
  /** What was probably meant in place of what is wrong; the message says it too. */
  readonly suggestion?: string | undefined;
  /** The line of the file, without secrets. */
  readonly excerpt?: string | undefined;
  /** Of a warning, why the file's author accepts it. */
  readonly accepted?: string | undefined;
}

/** Files that cannot be used: every mistake in them, as `file:line:column: message`, a line each. */
export class ConfigError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    super(errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n"));
    this.name = "ConfigError";
    this.diagnostics = diagnostics;
  }
}

/** A mistake of a file as a whole. */
export const fileDiagnostic = (file: string, message: string, code = "file"): Diagnostic => ({
  severity: "error",
  code,
  file,
  line: 1,
  column: 1,
  length: 0,
  message,
});

const SECRET =
  /((?:^|[\s{,"'])["']?(?:password|token|secret|passphrase|key(?=["']?\s*:\s*["']?[^"',}#]{32}))["']?\s*:\s*)(["']?)(?!\$\{)([^\s"',}{[\]#][^"',}#]*)/gi;

/** A password within an address, `https://name:password@host`. */
const IN_ADDRESS = /(\/\/[^\s/:@]*:)([^\s/@]+)(?=@)/g;

/** A line of a file that may be shown: values of settings that hold secrets are masked, character by character, and passwords in addresses. */
export const withoutSecrets = (line: string): string =>
  line
    .replace(
      SECRET,
      (_, before: string, quote: string, value: string) =>
        before + quote + "*".repeat(value.trimEnd().length) + value.slice(value.trimEnd().length),
    )
    .replace(IN_ADDRESS, (_, before: string, password: string) => before + "*".repeat(password.length));

/** A comment by which the author of a file accepts a warning on the line, or the one below: `# postern-accept CODE: reason`. */
const ACCEPT = /#\s*postern-accept\s+([\w-]+)\s*:\s*(\S.*)$/;

/** Why the author of a file accepts a warning; undefined where nothing is said. `line` counts from 1. */
export function acceptedIn(lines: readonly string[], line: number, code: string): string | undefined {
  const reasonIn = (text: string | undefined) => {
    const [, accepted, reason] = ACCEPT.exec(text ?? "") ?? [];
    return accepted === code ? reason?.trim() : undefined;
  };
  const own = reasonIn(lines[line - 1]);
  if (own !== undefined) return own;
  for (let above = line - 2; /^\s*#/.test(lines[above] ?? ""); above--) {
    const reason = reasonIn(lines[above]);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
