import { isolated } from "./values.ts";
import { counted } from "./words.ts";

/** Texts of the page on sessions. */
export const sessionsTexts = {
  lead: "Who is signed in to the console. Pages of an ended session show nothing new: at once, or within 15 seconds in Live.",
  table: "Sessions, last used first",
  name: "Name",
  role: "Role",
  way: "Signed in",
  since: "Since",
  seen: "Last used",
  act: "Action",
  own: "yours",
  link: "by a link of postern console",
  provider: (issuer: string) => `by ${isolated(URL.parse(issuer)?.host ?? issuer)}`,
  subject: (sub: string) => `Subject ${sub}`,
  ends: "Ends",
  more: "There are more sessions than are listed.",
  end: "End …",
  endFor: (name: string) => `End sessions of ${isolated(name)}`,
  title: "End sessions",
  ask: (name: string) =>
    `${isolated(name)} will be signed out, and can sign in again while they have a role at the identity provider.`,
  askLink: (name: string) => `${isolated(name)} will be signed out. To sign in again, they need a new link.`,
  askSelf: "Your own session is among them: you will be signed out, too.",
  recorded: "The audit log records your name.",
  which: "What to end",
  one: "This session",
  all: (count: number) => `All of this person (${count})`,
  confirm: "End",
  ended: (count: number) => `Ended: ${counted(count, "session")}.`,
} as const;
