import type { z } from "zod";
import type { AttributeInfo } from "./attribute-info.ts";
import type { Transport } from "./http.ts";
import type { Files } from "./kit/files.ts";
import type { Observation } from "./observation.ts";

/** A value of an entry, as JSON. Times are ISO 8601 in UTC with milliseconds; keys and references are text. */
export type Value = string | number | boolean | { readonly [name: string]: unknown };
/**
 * An entry of a backend: attribute names to values. An attribute with several values holds a list, one without a value
 * is left out. The names are the backend's own: LDAP attribute types, columns, fields.
 */
export type Entry = { readonly [attr: string]: Value | readonly Value[] | undefined };

/** A scalar that a condition compares with. */
export type Scalar = string | number | boolean;

/**
 * A condition on an entry. A multi-valued attribute meets a comparison when any of its values does; an absent one
 * meets none, so `not` of a comparison holds for it. Text is compared without regard to case unless `caseExact`, and
 * ordered by code points. `has` asks for all of some bits of an integer. An empty `and` is true, an empty `or` false.
 */
export type Condition =
  | { readonly op: "and" | "or"; readonly conditions: readonly Condition[] }
  | { readonly op: "not"; readonly condition: Condition }
  | Leaf;

/** A condition on one attribute. */
export type Leaf =
  | { readonly op: "pr"; readonly attr: string }
  | { readonly op: "has"; readonly attr: string; readonly bits: number }
  | ComparisonLeaf;

/** A comparison of an attribute's values with a scalar. */
export interface ComparisonLeaf {
  readonly op: "eq" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";
  readonly attr: string;
  readonly value: Scalar;
  readonly caseExact?: boolean;
  /** The value is an ISO 8601 instant, and is compared as one, however each value is written. */
  readonly instant?: true;
}

/**
 * A change of one attribute. Adding a value that is there, or deleting one that is not, succeeds and does nothing.
 * `replace` without values removes the attribute. `swap` succeeds only while the attribute is `from` (null: absent).
 * A value added with `over` replaces the present one where the backend has room for only one.
 */
export type Change =
  | { readonly op: "add"; readonly attr: string; readonly values: readonly Value[]; readonly over?: true }
  | { readonly op: "delete" | "replace"; readonly attr: string; readonly values: readonly Value[] }
  | { readonly op: "swap"; readonly attr: string; readonly from: Value | null; readonly to: Value | null };

/** How well a backend answers a condition: exactly, with more entries than asked for (never fewer), or not at all. */
export type Support = "exact" | "superset" | "none";

/** Values that an entry must still hold for a write to happen; otherwise the write fails with `versionMismatch`. */
export type Expected = { readonly [attr: string]: Scalar };

/**
 * An order by the (first) value of an attribute: numbers by size, text by code points and without regard to case unless
 * `caseExact`; entries without it come last, or first when `descending`. Equal ones are in the order of their keys.
 */
export interface Order {
  readonly attr: string;
  readonly descending: boolean;
  readonly caseExact?: boolean;
}

/**
 * The place where a search continues: one answer gives it as `next`, and the same search takes it. Its scalars mean
 * something to the connector alone, and hold all that it needs, so that every process with the same settings accepts it.
 * Clients carry it in their cursors: a connector trusts nothing that it finds in one.
 */
export type Bookmark = readonly Scalar[];

/** A search: the kind, the condition that entries must meet, their order, and which part of them to return. */
export interface SearchRequest {
  readonly kind: string;
  readonly where?: Condition;
  /** The attributes to read. */
  readonly attrs: readonly string[];
  /** The order of the entries; without it the connector's own, the same each time. */
  readonly orderBy?: Order;
  /** How many entries to skip. With a bookmark it skips nothing, and says how many entries precede it, if known. */
  readonly offset?: number;
  /** Where to continue: the `next` of an earlier answer to the same search. Rejects with `expired` if it leads nowhere. */
  readonly bookmark?: Bookmark;
  /** How many entries to return at most. Only the last page may hold fewer. */
  readonly limit: number;
  /** Whether the caller is paging, and needs `total` and `next`. */
  readonly count: boolean;
  /** The total, from an earlier page. A connector for which counting is expensive returns it unchanged. */
  readonly total?: number;
  readonly signal: AbortSignal;
}

/** The entries that a search found, and where it continues. */
export interface SearchResult {
  readonly entries: readonly Entry[];
  /** How many entries meet the condition, whatever the limit. A connector that stops counting returns one more than it has seen. */
  readonly total?: number;
  /** Where the next page begins; absent where this one is the last. */
  readonly next?: Bookmark;
}

/** An entry to read, by its key, and the attributes to return. */
export interface GetRequest {
  readonly kind: string;
  readonly key: string;
  readonly attrs: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * An entry to create. The connector, or the backend, makes the key, unless the entry holds one. Rejects with `conflict`, and the
 * attribute, if another entry has a value that must be unique; an update does so, too.
 */
export interface CreateRequest {
  readonly kind: string;
  readonly entry: Entry;
  /** The attributes to return, of the entry as it was stored; the key is always returned. */
  readonly attrs: readonly string[];
  /** Identifies the client's request, and stays the same when it is repeated: for backends that take an idempotency key. */
  readonly requestKey?: string;
  readonly signal: AbortSignal;
}

/** Changes of an entry. */
export interface UpdateRequest {
  readonly kind: string;
  readonly key: string;
  /** Makes all changes or none. */
  readonly changes: readonly Change[];
  readonly expected?: Expected;
  /** The attributes to return; none if the caller needs nothing. */
  readonly attrs: readonly string[];
  readonly signal: AbortSignal;
}

/** An entry to delete. */
export interface DeleteRequest {
  readonly kind: string;
  readonly key: string;
  readonly expected?: Expected;
  readonly signal: AbortSignal;
}

/** Keys to turn into references, or references to turn into keys. */
export interface ResolveRequest {
  readonly kind: string;
  /** What to return: the backend's references (DNs, foreign keys) for keys, or keys for references. */
  readonly to: "references" | "keys";
  readonly values: readonly string[];
  readonly signal: AbortSignal;
}

/** An operation that `explain` can describe. */
export type BackendOperation =
  | ({ readonly type: "search" } & Omit<SearchRequest, "signal">)
  | ({ readonly type: "get" } & Omit<GetRequest, "signal">)
  | ({ readonly type: "create" } & Omit<CreateRequest, "signal">)
  | ({ readonly type: "update" } & Omit<UpdateRequest, "signal">)
  | ({ readonly type: "delete" } & Omit<DeleteRequest, "signal">);

/**
 * The result of one check of `postern check --connect`: what was checked, and how to fix it if it failed. `unknown` if it could not be
 * checked.
 */
export interface Finding {
  readonly ok: boolean | "unknown";
  /** Set to "warning" for what works but is slow, such as a look-up without an index. */
  readonly severity?: "warning";
  readonly text: string;
}

/** How mappings use the attributes of a kind. */
export interface Uses {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Attributes by which clients look for an entry before they create it: each should have an index. */
  readonly matches: readonly { readonly attr: string; readonly caseExact: boolean }[];
  /** Values that every new entry gets, whatever the client sends. */
  readonly constants: Entry;
}

/**
 * An open backend. An operation reaches only entries of its kind: the key of another kind, or of an entry outside the
 * kind's scope, is `notFound`. Every failure is a `ConnectorError`. A request's signal aborts after `limits.seconds`; the call then
 * rejects within a second, with `timedOut` or, if nothing was sent, `neverAsked`. The connector itself repeats a read once if the backend was unreachable (`kit/retry.ts`); nobody repeats a write.
 */
export interface Connector {
  /** The kinds of entries, each with the attribute that holds its key. */
  readonly kinds: ReadonlyMap<string, { readonly key: string }>;
  /** How well the backend answers a condition. For `and`, `or` and `not` it is called only if the parts are answered. */
  readonly supports: (kind: string, condition: Condition) => Support;
  /** Whether an attribute is known to hold one value at most. Without this method every attribute may hold several. */
  readonly isSingle?: (kind: string, attr: string) => boolean;
  /** Whether the backend can order entries by an attribute. */
  readonly sorts: (kind: string, attr: string) => boolean;
  readonly search: (request: SearchRequest) => Promise<SearchResult>;
  readonly get: (request: GetRequest) => Promise<Entry | undefined>;
  readonly create: (request: CreateRequest) => Promise<Entry>;
  /** Returns the requested attributes of the entry after the change. */
  readonly update: (request: UpdateRequest) => Promise<Entry>;
  readonly delete: (request: DeleteRequest) => Promise<void>;
  /** Values that name no entry of the kind are absent from the answer. Left out if references are keys. */
  readonly resolve?: (request: ResolveRequest) => Promise<ReadonlyMap<string, string>>;
  /**
   * References, by key, to entries outside the kind's scope, such as those that were moved out of its base, so that they can
   * still be removed from lists. Keys of no entry at all are absent from the answer.
   */
  readonly outside?: (request: Omit<ResolveRequest, "to">) => Promise<ReadonlyMap<string, string>>;
  /** For references that contain the key of their entry, of whatever kind: converts one to the other without a request. */
  readonly anyKind?: {
    readonly keyOf: (reference: string) => string | undefined;
    readonly referenceTo: (key: string) => string | undefined;
  };
  /** Asks the backend whether it is available; returns one line that identifies it. */
  readonly probe: (signal: AbortSignal) => Promise<string>;
  /** Checks that the backend has what the mappings need, and that the gateway's account may do it. Writes nothing. */
  readonly check?: (uses: ReadonlyMap<string, Uses>, signal: AbortSignal) => Promise<readonly Finding[]>;
  /** The attributes that entries of a kind may have, by the schema that the backend publishes: for editors to suggest. Rejects with a `ConnectorError`. Left out if there is none. */
  readonly attributes?: (kind: string, signal: AbortSignal) => Promise<readonly AttributeInfo[]>;
  /** Describes the requests that an operation leads to, for an administrator to read. Contains no secrets. */
  readonly explain: (operation: BackendOperation) => string | Promise<string>;
  /** Which parts of a condition need a full scan, because the backend has no index for them, and how to fix that. */
  readonly slow?: (kind: string, where: Condition, signal: AbortSignal) => Promise<readonly string[]>;
  /**
   * Tells what the connector knows of its pools, and of the certificates that its servers showed. Never asks the backend: it is called
   * whenever somebody looks. `kit/observe.ts` collects it. Left out by connectors without connections.
   */
  readonly observe?: () => Observation;
  readonly close: () => Promise<void>;
}

/** What the program gives to a connector when it opens it. */
export interface Services {
  /** Reads the files that settings name. */
  readonly files: Files;
  readonly log: { readonly warn: (fields: object, message: string) => void };
  /** Wraps the HTTP transport, to record requests or to answer in the API's place. */
  readonly transport?: (transport: Transport) => Transport;
  /** The types that mappings give to attributes by `as`, by attribute; each is one of the definition's `types`. */
  readonly types?: Readonly<Record<string, string>>;
  /** Time limit of an operation, in milliseconds, for backends that can cancel statements themselves. */
  readonly operationMs?: number;
  /** How mappings use the entries of each kind. */
  readonly mapped?: ReadonlyMap<string, Mapped>;
  /** Which attributes refer to entries, according to the mappings. */
  readonly references?: References;
}

/** Attributes that refer to entries of the same connector, according to the mappings. */
export type References = readonly {
  readonly kind: string;
  readonly attr: string;
  readonly to: readonly string[];
  /** The attribute of the target that the values hold, if that is not its key or DN. */
  readonly by?: string | undefined;
}[];

/** How mappings use the entries of a kind. */
export interface Mapped {
  /** Attributes that they may write. */
  readonly writes: readonly string[];
  /** Attributes that may hold any number of values. */
  readonly lists: readonly string[];
  /** Attributes of which no two entries may hold the same value, by the SCIM schema or by the mapping. */
  readonly unique: readonly { readonly attr: string; readonly caseExact: boolean }[];
  /** By mapping, the attributes that it gives to a new entry, by its rows or beside them. */
  readonly creates?: readonly { readonly mapping: string; readonly attrs: readonly string[] }[];
}

/** What `postern init` passes to a connector that drafts a configuration. */
export interface InitRequest {
  /** The options of the command line, by name in camel case. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the shipped mappings. */
  readonly mappings: string;
  /** Reads the files that options name. */
  readonly files: Files;
  readonly signal: AbortSignal;
}

/** A first configuration: files by path, and remarks for the administrator. */
export interface Initial {
  readonly files: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** A type of connector: its settings, and how to open one. */
export interface ConnectorDefinition<Config extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** The schema of its settings, without `type`: they are checked at start, and the JSON Schema and the reference page follow from it. It has `kinds`. */
  readonly config: Config;
  /** An example of its settings as YAML, for the reference page; a test checks it against `config`. */
  readonly example: string;
  /** Types that a mapping may give to attributes by `as`; the connector converts their values. */
  readonly types?: readonly string[];
  /** Surveys a backend and drafts a first configuration: `postern init TYPE`. */
  readonly init?: {
    /** A command line that works, for the list of `postern init`. */
    readonly example: string;
    /** The positional argument of the command. `run` gets it as the option of that name. */
    readonly argument?: { readonly name: string; readonly description: string; readonly optional?: boolean };
    /** The options of the command line, as commander writes them. */
    readonly options: readonly { readonly flags: string; readonly description: string; readonly required?: boolean }[];
    readonly run: (request: InitRequest) => Promise<Initial>;
  };
  /** Where the backend is, for the log and without secrets: `ldaps://ldap.example.com`. */
  readonly address?: (config: z.output<Config>) => string;
  /** Opens a connector without waiting for the backend, which may be down when the gateway starts. Throws `SettingError`. */
  readonly open: (config: z.output<Config>, services: Services) => Connector;
}

/** Infers the type of the settings for `open`. */
export const defineConnector = <Config extends z.ZodType>(definition: ConnectorDefinition<Config>) => definition;

/** The values of an attribute as a list, empty if it has none. */
export function valuesOf(entry: Entry, attr: string): readonly Value[] {
  const value = entry[attr];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as Value];
}

/** A list of values as an entry holds it: undefined for none, the value itself for one. */
export function fromValues(values: readonly Value[]): Value | readonly Value[] | undefined {
  return values.length > 1 ? values : values[0];
}
