/** A mistake or a warning, with its place in a file. Lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** The kind of mistake, for tools: `unknown-key`, `unknown-function`. */
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many characters to mark; 0 if unknown. */
  readonly length: number;
  readonly message: string;
  /** What the author probably meant. The message contains it too. */
  readonly suggestion?: string | undefined;
  /** The line of the file, with secrets masked. */
  readonly excerpt?: string | undefined;
  /** The reason that the file's author gave for accepting a warning. */
  readonly accepted?: string | undefined;
}

/** Invalid files. The message lists every mistake as `file:line:column: message`, one a line. */
export class ConfigError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    super(errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n"));
    this.name = "ConfigError";
    this.diagnostics = diagnostics;
  }
}

/** A mistake that concerns a file as a whole. */
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

/** Masks the values of secret settings in a line, character by character, and passwords in URLs, so that it can be shown. */
export const withoutSecrets = (line: string): string =>
  line
    .replace(
      SECRET,
      (_, before: string, quote: string, value: string) =>
        before + quote + "*".repeat(value.trimEnd().length) + value.slice(value.trimEnd().length),
    )
    .replace(IN_ADDRESS, (_, before: string, password: string) => before + "*".repeat(password.length));

/** A comment that accepts a warning on its own line or the next: `# postern-accept CODE: reason`. */
const ACCEPT = /#\s*postern-accept\s+([\w-]+)\s*:\s*(\S.*)$/;

/** The reason for accepting a warning, or undefined. `line` counts from 1. */
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
