/** `GET /audit`: where the records are, and what the last verification found. */
export interface AuditOverview {
  /** The log; undefined if there is none that the console can read. */
  readonly log?: AuditFile;
  /** Why there is none: no audit is configured, or its records go elsewhere. */
  readonly why?: "none" | "elsewhere";
  /** Where records go. */
  readonly sink?: string;
  readonly verification: AuditVerification;
}

/** A log in files. */
export interface AuditFile {
  readonly file: string;
  readonly files: number;
  readonly bytes: number;
  /** Whether its hashes need a key, so that nobody else can make them. */
  readonly isKeyed: boolean;
  /** Whether PostgreSQL has where it ends, too. */
  readonly isAnchored: boolean;
  /** The gateway that writes it. */
  readonly replica: string;
}

/** How a verification stands. Times are in milliseconds since 1970. */
export type AuditVerification =
  | { readonly is: "none" }
  | {
      readonly is: "running";
      readonly by: string;
      readonly started: number;
      readonly bytes: number;
      readonly total: number;
      readonly records: number;
    }
  | (AuditVerified & { readonly is: "failed"; readonly error: string })
  | (AuditVerified & { readonly is: "broken"; readonly place: string; readonly problem: string })
  /** The log is whole, but no record has the hash that must be there. */
  | (AuditVerified & { readonly is: "unconfirmed"; readonly last: string })
  | (AuditVerified & {
      readonly is: "whole";
      readonly records: number;
      readonly first: number;
      readonly last: number;
      readonly hash: string;
      /** Writes and acts without an outcome, and what the log says of itself, some of each and their numbers. */
      readonly questions: AuditQuestions;
      readonly notes: AuditQuestions;
    });

/** Who asked for a verification that has ended, and when it did. */
export interface AuditVerified {
  readonly by: string;
  readonly ended: number;
}

/** Records to look into. */
export interface AuditQuestions {
  readonly count: number;
  readonly some: readonly { readonly seq: number; readonly about: string }[];
}

/** A record, as the log has it. */
export interface AuditRecordView {
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A write or an act with its outcome, or another record. */
export interface AuditRow {
  /** The outcome; of what has none, the intent; or any other record. */
  readonly record: AuditRecordView;
  /** What people know the entry or the person by; empty if nobody has said. */
  readonly display: string;
  /** The intent's record and its time. */
  readonly intent?: { readonly seq: number; readonly at: number };
  /** Of an intent alone: the log does not say how it ended, or says it after the period, or so much later that it was not read. */
  readonly open?: "unknown" | "later" | "unread";
}

/** `GET /audit/records`: rows, newest first. */
export interface AuditPage {
  readonly rows: readonly AuditRow[];
  /** Who was meant by a name: their keys are looked for. */
  readonly people: readonly { readonly key: string; readonly display: string }[];
  /** Whether more than these have the name, or may: not all could be looked at. */
  readonly hasMorePeople: boolean;
  /** Where the search goes on; absent at the log's beginning. */
  readonly next?: string;
  /** The time of the oldest record that was looked at. */
  readonly reached?: number;
  /** Lines that are no records. */
  readonly unreadable: number;
}

/** `GET /audit/records/SEQ`: one record. */
export interface AuditOne {
  /** Absent if its line is damaged. */
  readonly record?: AuditRecordView;
  /** A damaged line as it stands, cut if it is long. */
  readonly line?: string;
  /** Whether its hash matches what it says. */
  readonly isWhole: boolean;
}
