/** `GET /console/api/configuration`: the configuration in force, without its secrets. */
export interface ConfigurationInForce {
  /** As it is written, and with all defaults, as YAML. */
  readonly written: string;
  readonly whole: string;
  /** The files it was read from, and the names of those that come with Postern. */
  readonly files: readonly string[];
  readonly builtIn: readonly string[];
  /** When it was read, in milliseconds since 1970. */
  readonly at: number;
  /** The last reload, if it was refused. */
  readonly refused: { readonly at: number; readonly reason: string } | undefined;
}

/** A mistake or a warning in a file. */
export interface Mistake {
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly message: string;
  readonly excerpt?: string | undefined;
}

/** A file that differs from what is in force. */
export interface ChangedFile {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** `GET /console/api/configuration/changes`: what a reload would change. */
export interface Changes {
  /** Whether a reload would be refused. */
  readonly isRefused: boolean;
  readonly mistakes: readonly Mistake[];
  readonly changed: readonly ChangedFile[];
  /** The protection that would be removed or weakened: a reload refuses that. */
  readonly loosened: readonly string[];
  /** The parts that take effect at the next start only. */
  readonly needRestart: readonly string[];
  /** Names these files, so that a reload applies what was looked at and nothing else. */
  readonly seal: string;
}

/** `POST /console/api/configuration/reload`, with `{ seal }`. */
export type ReloadAnswer =
  | { readonly isTaken: true; readonly needRestart: readonly string[] }
  | { readonly isTaken: false; readonly reason: string };
