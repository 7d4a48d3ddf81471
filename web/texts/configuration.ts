const parts = (names: readonly string[]) => names.join(", ");

/** Texts of the configuration's page. */
export const configurationTexts = {
  lead: "The configuration in force, without its secrets, and what a reload would change.",
  read: "Read",
  files: "Files",
  builtIn: "From Postern itself",
  inForce: "In force",
  view: "Show",
  views: { written: "As written", whole: "With all defaults" },
  yaml: "Configuration in force",
  refused: "The last reload was refused",
  changes: {
    title: "What a reload would change",
    again: "Look again",
    none: "Nothing: the files say what is in force.",
    refused: "A reload would be refused. The configuration in force stays in use.",
    loosened: "It would remove or weaken protection, which only a restart may do:",
    restart: (names: readonly string[]) => `Takes effect at the next restart only: ${parts(names)}.`,
    mistakes: "Mistakes",
    file: (name: string) => `Changes of ${name}`,
    removed: "removed",
    added: "added",
  },
  reload: {
    act: "Reload …",
    title: "Reload the configuration",
    ask: "The gateway will take over these changes. Running requests end with the old configuration. The audit log records your name.",
    nothing: "The gateway will read the same configuration again.",
    confirm: "Reload",
    working: "Reloading …",
    taken: "The configuration was reloaded.",
    refused: (reason: string) => `The reload was refused, and the previous configuration stays in use: ${reason}`,
  },
} as const;
