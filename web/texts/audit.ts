import { isolated } from "./values.ts";
import { counted, listed } from "./words.ts";

/** A size in bytes as people read it. */
function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1000))} KB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Texts of the page on the audit log. */
export const auditTexts = {
  lead: "Each write is recorded before and after it, and each act of an operator. Every record has the hash of the one before.",
  none: "No audit log is configured.",
  noneHelp: "Add one to the configuration, so that it can be told who changed what:",
  noneCode: "audit:\n  file: /var/log/postern/audit.log",
  noneLabel: "an audit log in the configuration",
  elsewhere: (sink: string) =>
    `The records do not go into a file that the console could read (${sink}). Search and verify them where they are kept.`,
  file: ({ file, files, bytes, replica }: { file: string; files: number; bytes: number; replica: string }) =>
    `${file} of ${replica}: ${counted(files, "file")}, ${size(bytes)}.`,
  keyed: "Hashes need the key.",
  unkeyed: "Hashes need no key: somebody who can write the files could make them anew (audit.key).",
  anchored: "PostgreSQL has where the log ends, too.",
  verification: "Verification",
  verify: "Verify the log",
  notYet: "Nobody has verified it since this gateway started.",
  running: (records: number, bytes: number, total: number) =>
    `Verifying: ${counted(records, "record")}, ${size(bytes)} of ${size(total)}.`,
  progress: "Verified so far",
  whole: (records: number, first: number, last: number) =>
    `The log is whole: ${counted(records, "record")}, numbers ${first} to ${last}.`,
  broken: (place: string, problem: string) => `The log is not whole. ${place}: ${problem}.`,
  brokenHelp: "Keep the files, and find out who changed them.",
  unconfirmed: (hash: string) => `Not confirmed: no record has this hash (${hash}).`,
  unconfirmedHelp:
    "All else is as it should be. Check that the hash is one of this log; if it is, records at its end are missing.",
  failed: (error: string) => `The log could not be verified: ${error}`,
  verified: (by: string) => `Verified by ${isolated(by)}`,
  lastHash: "Hash of the last record. Note it elsewhere, and give it the next time:",
  hashLabel: "the hash of the last record",
  questions: (count: number) =>
    `${counted(count, "record")} of which the log does not say what became. Writes and runs that are under way are among them; look at the entries of the others:`,
  notes: (count: number) => `${counted(count, "time")} the log says something of itself. Look into it:`,
  record: "record",
  options: "What you know of the log",
  first: "Hash before its first record, if older files are kept elsewhere",
  last: "Hash of a record that must be there",
  search: "Records",
  kind: "Kind",
  kinds: {
    all: "All",
    writes: "Writes",
    refused: "Refused",
    acts: "Operators’ acts",
    log: "The log itself",
  },
  by: "Caller or operator",
  resource: "Name, key or ID",
  action: "Action",
  anyAction: "Any",
  actions: {
    create: "Create",
    update: "Change",
    delete: "Delete",
    released: "Release",
    dismissed: "Dismiss",
    ran: "Run of a sync",
    retried: "Try again",
    forgotten: "Forget",
    cancelled: "Cancel",
    reloaded: "Reload",
    saved: "Save a file",
    "sign-in": "Sign in",
  } as Readonly<Record<string, string>>,
  anyResult: "Any",
  results: {
    ok: "Done",
    failed: "Failed",
    refused: "Refused",
    unknown: "Outcome unknown",
  } as Readonly<Record<string, string>>,
  open: { unknown: "Outcome unknown", later: "Ended after the period", unread: "Outcome not read" },
  openMeans: {
    unknown:
      "The log says that this begins, and not how it ended: it is under way, or the gateway was stopped before it could say. Look at the entry.",
    later: "The log says how it ended, after the period that you look at.",
    unread: "The outcome is not in the next 32 MB of the log. Verify the log to know whether there is one.",
  },
  meant: (people: readonly { readonly key: string; readonly display: string }[], hasMore: boolean) => {
    const some = people
      .slice(0, 5)
      .map(({ key, display }) => (display && display !== key ? `${display} (${key})` : key));
    const more = people.length - some.length;
    const all = listed(more > 0 ? [...some, `${more} more`] : some);
    if (people.length === 0) return "Not everybody could be looked at for this name: give more of it, or a key.";
    return `Looks for ${all}.${hasMore ? " There may be more who are called so: give more of the name." : ""}`;
  },
  route: "Route or sync",
  from: "From",
  until: "Until",
  apply: "Search",
  clear: "Clear",
  table: "Records, newest first",
  number: "No.",
  time: "Time",
  event: "Event",
  who: "By",
  about: "About",
  result: "Result",
  nothing: "No record is like that.",
  nothingYet: "Nothing found yet.",
  reached: "Searched back to",
  unreadable: (count: number) => `${counted(count, "line")} there cannot be read as a record: verify the log.`,
  older: "Look further back",
  one: (seq: string) => `Record ${seq}`,
  back: "All records",
  isWhole: "The record’s hash matches what it says.",
  damaged: "Damaged line",
  isDamaged: "The record was altered: its line cannot be read.",
  isNotWhole: "The record was altered: its hash does not match what it says.",
  raw: "As the log has it",
  rawLabel: "the record",
  inLive: "Show the request in Live",
  newer: "Newer",
  olderOne: "Older",
  events: {
    intent: "Write begins",
    outcome: "Write",
    refused: "Refused",
    release: "Release begins",
    released: "Released",
    dismiss: "Dismissal begins",
    dismissed: "Dismissed",
    run: "Run begins",
    ran: "Run",
    retry: "Retry begins",
    retried: "Retried",
    forget: "Forgetting begins",
    forgotten: "Forgotten",
    cancel: "Cancellation begins",
    cancelled: "Cancelled",
    save: "Saving begins",
    saved: "Saved",
    reload: "Reload begins",
    reloaded: "Reloaded",
    verify: "Verification begins",
    verified: "Verified",
    compare: "Search for drift begins",
    compared: "Searched for drift",
    probed: "Probed",
    checked: "Checked",
    "end-sessions": "Ending of sessions begins",
    "ended-sessions": "Sessions ended",
    "sign-in": "Sign-in",
    "sign-out": "Sign-out",
    opened: "Log opened",
    closed: "Log closed",
  } as Readonly<Record<string, string>>,
  entries: (count: number) => counted(count, "entry", "entries"),
} as const;
