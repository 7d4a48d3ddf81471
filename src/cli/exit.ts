/** The exit statuses of commands. */
export const EXIT = {
  fine: 0,
  /** Something is wrong with what was looked at, or with what was given. */
  findings: 1,
  /** The command line is not understood. */
  usage: 2,
  /** A backend could not be asked. */
  unreachable: 3,
} as const;

/** What each exit status means, for the reference. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  fine: "The command did what it was asked, and found nothing wrong.",
  findings:
    "Something is wrong: the configuration has errors, a test failed, a log was altered, or what was asked could not be done. `postern serve` exits with 1 when it refuses to start.",
  usage:
    "The command line is wrong: an unknown command or option, a missing argument, a value or a file of values that cannot be read. Also if there is no configuration in this folder and none was named, and if Node.js is too old.",
  unreachable: "Nothing else is wrong, but a backend or endpoint could not be asked.",
};
