import { isolated } from "./values.ts";

/** Texts that several pages share. */
export const common = {
  product: "Postern",
  skip: "Skip to the content",
  menu: "Menu",
  navigation: "Pages",
  signOut: "Sign out",
  notSignedOut: "Signing out failed: you may still be signed in. Try again.",
  signedInAs: (name: string, role: string) => `${isolated(name)} (${role})`,
  theme: { label: "Theme", system: "System", light: "Light", dark: "Dark" },
  loading: "Loading …",
  nothing: "Nothing here yet.",
  failed: "This could not be loaded.",
  noAnswer: "The gateway does not answer. It is tried again.",
  again: "Try again",
  close: "Close",
  cancel: "Cancel",
  working: "Working …",
  previous: "Previous",
  next: "Next",
  notFound: "The console has no such page.",
  viewerOnly: "Your role is viewer: only operators may do this.",
  copied: "Copied",
  copy: "Copy",
  choose: "Choose",
  chooseOne: (name: string) => `Choose ${isolated(name)}`,
  chooseAll: "Choose all on this page",
  chosen: (count: number, all: number) => `${count} of ${all} chosen`,
} as const;

/** The pages' names, as the menu shows them. */
export const pageNames = {
  overview: "Overview",
  live: "Live",
  people: "People and groups",
  mappings: "Mappings",
  connectors: "Connectors",
  guard: "Guard",
  syncs: "Syncs",
  audit: "Audit",
  configuration: "Configuration",
  sessions: "Sessions",
} as const;
