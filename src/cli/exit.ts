/** The exit statuses of commands. docs/guides/check.md tells them. */
export const EXIT = {
  fine: 0,
  /** Something is wrong with what was looked at, or with what was given. */
  findings: 1,
  /** The command line is not understood. */
  usage: 2,
  /** A backend could not be asked. */
  unreachable: 3,
} as const;
