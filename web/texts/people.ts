import { kindOf, syncStates } from "./syncs.ts";
import { isolated } from "./values.ts";
import { span, tries } from "./words.ts";

interface Pace {
  readonly cycleMs: number;
  readonly retriesMs: readonly number[];
  readonly givenUpAfterMs: number;
}
/** Whose doings are expected. */
interface Client {
  readonly is: "entra" | "sync" | "other";
  readonly name?: string;
}
/** What a sync says of an account. */
interface Synced {
  readonly sync: string;
  readonly status: string;
  readonly kind?: string;
  readonly isHeld: boolean;
  readonly reason: string;
  readonly isFailed: boolean;
}
const sentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

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

/** Texts on what Entra, a sync or another client is expected to do. Each begins with what it will do; `because` gives the facts. */
export const expectedTexts = {
  title: ({ is, name = "" }: Client) =>
    is === "entra"
      ? "What Entra will do next"
      : is === "sync"
        ? `What the sync ${isolated(name)} will do next`
        : name === ""
          ? "What will be done next"
          : `What ${isolated(name)} will do next`,
  about:
    "An expectation of what Entra does as the client: it follows from these facts and from what Microsoft documents. Entra was not asked, so scope, assignments, a paused job and quarantine are not known here.",
  aboutSync:
    "Postern runs this sync itself, and this is what the sync has planned. Entra doesn't write the account, so its cycles don't count.",
  otherPace: ({ cycleMs }: Pace) =>
    `Times are those of a client that runs a cycle every ${span(cycleMs)}, as the configuration says (console.cycleMinutes). Entra runs one every 40 minutes.`,
  because: "Because",
  unknown: {
    backend:
      "Nothing can be said while the backend can't be asked. No write that the journal has waits to be sent again.",
    journal: "Nothing can be said without the journal.",
    both: "Nothing can be said without the backend and the journal.",
    none: "Nothing is known: no write through the gateway is in the journal, and neither Entra nor a sync writes here by the configuration.",
  },
  retry: {
    title: {
      due: (next: string, _pace: Pace) => `Send the failed change again, about ${next}.`,
      late: (next: string, _pace: Pace) =>
        `Send the failed change again. It was expected about ${next}, and has not come.`,
      over: (_next: string, { givenUpAfterMs }: Pace) =>
        `Nothing: it has given up the failed change, ${span(givenUpAfterMs)} after it failed first.`,
    },
    isLate: "The job may be paused or in quarantine, the person out of scope, or the client not Entra.",
    later: ({ retriesMs }: Pace) =>
      `The answer tells Entra that the gateway or its backend could not do it then. It tries again ${tries(retriesMs)}.`,
    refused: ({ retriesMs }: Pace) =>
      `The answer tells Entra that the request can't be done as it is. It tries again ${tries(retriesMs)}.`,
    guard: ({ retriesMs }: Pace) =>
      `The guard stopped it, and lists it no longer: somebody dismissed it, or it did not come for 26 hours. Entra tries again ${tries(retriesMs)}. Then the guard decides anew.`,
    toGuard: "See what is stopped in Guard",
    missing: () =>
      "The answer tells Entra that the resource is not there. It keeps trying with growing intervals; the job may need a restart before it looks for the resource again or creates it.",
    credentials: () =>
      "The answer tells Entra that its credentials may not do this. If its connection test fails, too, the job goes into quarantine: one cycle a day.",
    failures: (count: number, atLeast: boolean) =>
      `${atLeast ? "At least " : ""}${count} ${count === 1 ? "write" : "writes"} in succession failed.`,
    givenUp: (at: string, { givenUpAfterMs }: Pace) =>
      `If it never succeeds, Entra stops about ${at}, ${span(givenUpAfterMs)} after the first failure.`,
    last: "Last failure:",
  },
  stopped: {
    title: (danger: "deletes" | "disables", next: string | undefined, isLate: boolean) => {
      const what = `Send the ${DANGERS[danger]} again`;
      const when =
        next === undefined
          ? `${what}, if the client still wants it.`
          : isLate
            ? `${what}. It was expected about ${next}, and has not come.`
            : `${what}, about ${next}.`;
      return `${when} The guard stops it until an operator releases it, or until the hour’s limit has room again.`;
    },
    since: "The guard stopped it first",
    tried: (caller: string) => `Last tried${caller === "" ? "" : ` by ${isolated(caller)}`}`,
    last: "The last attempt:",
    rule: "Too much was deleted or disabled within the hour. This passes once an operator has released it, or if the hour’s limit has room again when it comes.",
    entra: ({ retriesMs }: Pace) =>
      `Entra takes the answer for a passing failure, and tries again ${tries(retriesMs)}.`,
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
    byOther: "Another caller deleted it, which Entra doesn't notice until it asks for the ID and is answered with 404:",
    titleLost: "Fail on its next change: Entra still believes that it exists.",
    lost: "It is not in the backend, and no request in the journal deleted it. Entra doesn't watch the backend. It notices when it next asks for the ID and is answered with 404.",
  },
  settled: {
    title: ({ cycleMs }: Pace) =>
      `Nothing is outstanding. It sends the next change at the source within about ${span(cycleMs)}.`,
    rule: "In an incremental cycle it sends only the attributes that changed at the source.",
    last: "The last write was successful:",
  },
  sync: {
    title: ({ sync, kind, isHeld, isFailed, status }: Synced, next: string | undefined) => {
      const run = next === undefined ? "with its next run, which somebody or a signal starts" : `about ${next}`;
      const who = `The sync ${isolated(sync)}`;
      if (kind !== undefined && isHeld)
        return `${who} holds a ${kindOf(kind)}. It is made once an operator has released it.`;
      if (isFailed) return `${who} has failed to bring the account up to date, and tries again ${run}.`;
      if (kind !== undefined) return `${who} has planned a ${kindOf(kind)}. It makes it ${run}.`;
      if (status === "ok")
        return `Nothing is outstanding: the account is as the sync ${isolated(sync)} wants it. It looks again ${run}.`;
      return `${who} plans nothing. The person’s state there is “${syncStates[status] ?? status}”.`;
    },
    reason: (reason: string) => `The sync says why: ${sentence(isolated(reason))}`,
    see: "See the person in the sync",
  },
  other: {
    title: (name: string, isDone: boolean) =>
      isDone
        ? `Not known: what ${isolated(name)} sends next is its own affair.`
        : `Not known: whether and when ${isolated(name)} sends the failed change again is its own affair.`,
    last: { done: "The last write was successful:", failed: "The last write failed:" },
    rule: "Entra’s cycles don’t count: no request of Entra’s about it is in the journal.",
    isEntra: (name: string) => `If ${isolated(name)} is Entra, say so in the configuration: console.entraCallers.`,
    sync: "See the sync",
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
