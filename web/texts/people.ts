import { isolated } from "./values.ts";

/** Texts of the pages on people and groups. */
export const peopleTexts = {
  lead: "Everybody and everything that the gateway serves, as the backend has it now.",
  kind: "Look among",
  kindOf: (type: string, route: string) => `${type} at ${route}`,
  by: "Search by",
  text: "Search",
  hint: { sw: "Begins with …", co: "Contains …", eq: "Exactly …", any: "Begins with …" },
  attribute: {
    userName: "User name",
    displayName: "Display name",
    name: "Name",
    externalId: "External ID",
    "name.familyName": "Family name",
    id: "ID",
    active: "State",
  } as Readonly<Record<string, string>>,
  way: (attribute: string, op: "sw" | "co" | "eq" | "any") =>
    ({ sw: `${attribute} begins with`, co: `${attribute} contains`, eq: `${attribute} is`, any: "Any name or ID" })[op],
  list: (type: string) => `Resources of the type ${type}`,
  count: (shown: number, total: number) =>
    shown >= total
      ? `${total.toLocaleString("en")} found`
      : `${shown.toLocaleString("en")} of ${total.toLocaleString("en")}`,
  more: "More",
  active: "Active",
  disabled: "Disabled",
  gone: "Gone",
  none: "The gateway serves no resources: add routes to its configuration.",
  nothing: (text: string, op: "sw" | "co" | "eq" | "any" = "eq") =>
    text === ""
      ? "The backend has none."
      : `The backend has nothing that ${{ sw: "begins with", co: "contains", eq: "is", any: "begins with" }[op]} “${text}”.`,
  known: "In the history",
  knownLead: "Resources that the journal knows by this name or ID. Some may be gone.",
  knownNothing: "Neither does the journal.",
  last: "Last request",
} as const;

/** Texts of the page on one resource. */
export const personTexts = {
  back: "People and groups",
  lead: (type: string, route: string) => `${type} at ${route}`,
  id: "ID",
  now: "Now",
  nowGone: "The backend has no resource with this ID any more. Its history remains.",
  nowUnknown: "The backend can't be asked:",
  asJson: "As JSON",
  yes: "true",
  no: "false",
  lists: { members: "Members", groups: "Groups" } as Readonly<Record<string, string>>,
  listNothing: "None.",
  refresh: "Refresh",
  history: "History",
  asMember: {
    added: "Among those to be added.",
    removed: "Among those to be removed.",
    set: "Among those who are to be the members.",
  },
  historyNothing: "The journal has no request about it.",
  historyOff: "The gateway keeps no journal. Set journal: {} in its configuration to see who changed what.",
  historyUnknown: "The journal can't be asked:",
  older: "Older",
  time: "Answered",
  what: "What happened",
  who: "Caller",
  result: "Answer",
} as const;

/** What the guard stops. */
const DANGERS = { deletes: "deletion", disables: "disablement" } as const;

/** Texts on what Entra is expected to do. Each begins with what it will do; `because` gives the facts. */
export const expectedTexts = {
  title: "What Entra will do next",
  about:
    "An expectation of what Entra does as the client: it follows from these facts and from what Microsoft documents. Entra was not asked, so scope, assignments, a paused job and quarantine are not known here.",
  otherPace: (every: string) =>
    `Times are those of a client that runs a cycle every ${every}, as the configuration says (console.cycleMinutes). Entra runs one every 40 minutes.`,
  because: "Because",
  unknown: "Nothing can be said without the backend and the journal.",
  retry: {
    title: {
      due: (next: string) => `Send the failed change again, about ${next}.`,
      late: (next: string) => `Send the failed change again. It was expected about ${next}, and has not come.`,
      over: () => "Nothing: it has given up the failed change, 28 days after it failed first.",
    },
    isLate: "The job may be paused or in quarantine, the person out of scope, or the client not Entra.",
    later: (every: string) =>
      `The answer tells Entra that the gateway or its backend could not do it then. It tries again in its next cycle; there is one about every ${every}.`,
    refused:
      "The answer tells Entra that the request can't be done as it is. It tries again with growing intervals: in the next cycles, then after 6, 12 and 24 hours, then daily.",
    missing:
      "The answer tells Entra that the resource is not there. It keeps trying with growing intervals; the job may need a restart before it looks for the resource again or creates it.",
    credentials:
      "The answer tells Entra that its credentials may not do this. If its connection test fails, too, the job goes into quarantine: one cycle a day.",
    failures: (count: number, atLeast: boolean) =>
      `${atLeast ? "At least " : ""}${count} ${count === 1 ? "write" : "writes"} in succession failed.`,
    givenUp: (at: string) => `If it never succeeds, Entra stops about ${at}, 28 days after the first failure.`,
    last: "Last failure:",
  },
  stopped: {
    title: (danger: "deletes" | "disables", next: string) =>
      `Send the ${DANGERS[danger]} again, about ${next}. The guard stops it until an operator releases it.`,
    since: "The guard stopped it first",
    tried: (caller: string) => `Last tried${caller === "" ? "" : ` by ${isolated(caller)}`}`,
    last: "The last attempt:",
    rule: "Too much was deleted or disabled within the hour. This passes once an operator has released it, or if the hour’s limit has room again when it comes.",
    entra: (every: string) =>
      `Entra takes the answer for a passing failure, and tries again in each cycle; there is one about every ${every}.`,
    act: "Release or dismiss it in Guard",
  },
  released: {
    title: (danger: "deletes" | "disables") =>
      `Send the ${DANGERS[danger]} again. Then it is made: it has been released.`,
    by: (by: string, reason: string) => `${isolated(by)} released what the guard had stopped (“${isolated(reason)}”)`,
    until: (at: string) => `The release ends about ${at}. After that the guard decides anew.`,
    see: "See what is released in Guard",
  },
  disabled: {
    title: (due: string | undefined) =>
      due === undefined
        ? "If the person was deleted in Entra: delete it 30 days after that."
        : `If the person was deleted in Entra: delete it about ${due}, 30 days later.`,
    other:
      "If the person was only unassigned, filtered out or blocked: nothing, until they return to scope. Then it is enabled again, with what changed meanwhile.",
    by: "It is disabled, since",
    byNobody: "It is disabled. No request in the journal did that, so its time isn't known.",
  },
  gone: {
    titleDeleted: "Nothing, unless it comes into scope again: then it is created anew, with another ID.",
    by: "It was deleted:",
    titleLost: "Fail on its next change: Entra still believes that it exists.",
    lost: "It is not in the backend, and no request in the journal deleted it. Entra doesn't watch the backend. It notices when it next asks for the ID and is answered with 404.",
  },
  settled: {
    title: (every: string) => `Nothing is outstanding. It sends the next change at the source within about ${every}.`,
    rule: "In an incremental cycle it sends only the attributes that changed at the source.",
    last: "The last write was successful:",
  },
  changedElsewhere: {
    title: "Not notice what was changed in the backend.",
    rule: "Entra compares only when something changes at the source. Restarting the provisioning job sends everything again.",
    by: "The backend says that it was last changed",
    after: "The last write through the gateway was before that:",
  },
  untold: {
    title: "Nothing is known of it: no write through the gateway is in the journal.",
    rule: "If it is in scope and its matching attribute, usually the user name, equals that of a person in Entra, then Entra takes it over in its next cycle and sends what differs.",
  },
} as const;
