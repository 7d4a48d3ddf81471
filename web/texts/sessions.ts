import { isolated } from "./values.ts";
import { counted } from "./words.ts";

/** Texts of the page on sessions. */
export const sessionsTexts = {
  lead: "Who is signed in to the console. To end a session also ends what its pages follow, within 15 seconds.",
  table: "Sessions, last used first",
  name: "Name",
  role: "Role",
  way: "Signed in",
  since: "Since",
  seen: "Last used",
  act: "End",
  own: "yours",
  link: "by a link of postern console",
  provider: (issuer: string) => `by ${issuer}`,
  subject: (sub: string) => `Subject ${sub}`,
  ends: "ends",
  more: "There are more sessions than are listed.",
  end: "End …",
  endFor: (name: string) => `End sessions of ${isolated(name)}`,
  title: "End sessions",
  ask: (name: string) =>
    `${isolated(name)} is signed out, and can sign in again while the identity provider lets them.`,
  askLink: (name: string) => `${isolated(name)} is signed out. To sign in again, they need a new link.`,
  askSelf: "Your own session is among them: you are signed out, too.",
  recorded: "The audit log records your name.",
  which: "End",
  one: "This session",
  all: (count: number) => `All sessions of this person (${count} listed)`,
  confirm: "End",
  ended: (count: number) => `Ended: ${counted(count, "session")}.`,
} as const;
