import type { z } from "zod";
import type { Transport } from "./http.ts";
import type { Files } from "./kit/files.ts";

/** A value of an entry as JSON; times are ISO 8601 in UTC with milliseconds, keys and references are text. */
export type Value = string | number | boolean | { readonly [name: string]: unknown };
/**
 * An entry of a backend: attribute to value, a list only where there are several, nothing where there is none. The
 * names are those that the kind's backend uses (LDAP attribute types, columns, fields).
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
  /** The value is an instant in ISO 8601, and is compared as one with values that are, however each is written. */
  readonly instant?: true;
}

/**
 * A change of one attribute. `add` of what is there and `delete` of what is not succeed and do nothing; `replace`
 * with no values takes the attribute away; `swap` succeeds only while the attribute is `from` (null: absent). What is added `over`
 * takes the place of what is there where the backend has room for one value.
 */
export type Change =
  | { readonly op: "add"; readonly attr: string; readonly values: readonly Value[]; readonly over?: true }
  | { readonly op: "delete" | "replace"; readonly attr: string; readonly values: readonly Value[] }
  | { readonly op: "swap"; readonly attr: string; readonly from: Value | null; readonly to: Value | null };

/** How well a backend answers a condition: as asked, with more than asked (never less), or not at all. */
export type Support = "exact" | "superset" | "none";

/** What an entry must still hold for a write to happen; else it fails with `versionMismatch`. */
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
 * Where a search goes on: what one answer gives as `next`, and the same search takes. It is the connector's own, made of
 * scalars, and holds all that is needed, so that every process with the same settings takes it. Clients carry it in their
 * cursors: a connector trusts nothing that it finds in one.
 */
export type Bookmark = readonly Scalar[];

/** What is looked for: the entries of a kind that meet a condition, in an order, and which part of them. */
export interface SearchRequest {
  readonly kind: string;
  readonly where?: Condition;
  /** The attributes to read. */
  readonly attrs: readonly string[];
  /** The order of the entries; without it the connector's own, the same each time. */
  readonly orderBy?: Order;
  /** How many entries come before the first one to give back; with a bookmark it is known where it is given. */
  readonly offset?: number;
  /** Where the same search goes on: what an earlier answer gave as `next`. Rejects with `expired` where it leads nowhere. */
  readonly bookmark?: Bookmark;
  /** The most entries to give back. Fewer are given at the end alone. */
  readonly limit: number;
  /** Whether the answer is a page of a list, of which `total` and `next` are wanted. */
  readonly count: boolean;
  readonly signal: AbortSignal;
}

/** What a search found. */
export interface SearchResult {
  readonly entries: readonly Entry[];
  /** How many entries meet the condition, whatever the limit; where that is counted to a bound, at least one more than was seen. */
  readonly total?: number;
  /** Where the next page begins; absent where this one is the last. */
  readonly next?: Bookmark;
}

/** Which entry is read, and which of its attributes. */
export interface GetRequest {
  readonly kind: string;
  readonly key: string;
  readonly attrs: readonly string[];
  readonly signal: AbortSignal;
}

/** What is made. Rejects with `conflict` and the attribute where a value is taken. */
export interface CreateRequest {
  readonly kind: string;
  readonly entry: Entry;
  /** The attributes to give back, of the entry as it was stored. */
  readonly attrs: readonly string[];
  /** The client's request, the same for each repeat of it: for backends that know by a key that one comes again. */
  readonly requestKey?: string;
  readonly signal: AbortSignal;
}

/** What is changed of an entry. */
export interface UpdateRequest {
  readonly kind: string;
  readonly key: string;
  /** All of them or none. */
  readonly changes: readonly Change[];
  readonly expected?: Expected;
  /** The attributes to give back; none where nothing has to be. */
  readonly attrs: readonly string[];
  readonly signal: AbortSignal;
}

/** Which entry is deleted. */
export interface DeleteRequest {
  readonly kind: string;
  readonly key: string;
  readonly expected?: Expected;
  readonly signal: AbortSignal;
}

/** Which keys or references are to be turned into the other. */
export interface ResolveRequest {
  readonly kind: string;
  /** From keys to the backend's references (DNs, foreign keys), or back. */
  readonly to: "references" | "keys";
  readonly values: readonly string[];
  readonly signal: AbortSignal;
}

/** What `explain` can put into words. */
export type BackendOperation =
  | ({ readonly type: "search" } & Omit<SearchRequest, "signal">)
  | ({ readonly type: "get" } & Omit<GetRequest, "signal">)
  | ({ readonly type: "create" } & Omit<CreateRequest, "signal">)
  | ({ readonly type: "update" } & Omit<UpdateRequest, "signal">)
  | ({ readonly type: "delete" } & Omit<DeleteRequest, "signal">);

/**
 * Something that was looked at before it is needed: whether it is as it has to be, in words, with what to do where not. What
 * could not be looked at is neither.
 */
export interface Finding {
  readonly ok: boolean | "unknown";
  readonly text: string;
}

/** What mappings do with the attributes of a kind. */
export interface Uses {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** By which clients look for entries before they create them: each look-up should be answered by an index. */
  readonly matches: readonly { readonly attr: string; readonly caseExact: boolean }[];
  /** What a new entry is given whatever the client sends. */
  readonly constants: Entry;
}

/**
 * A backend that is open. An operation reaches only entries of its kind: a key of another kind, or of an entry outside
 * the kind's scope, is `notFound`. Every failure is a `ConnectorError`; every call ends soon after its signal does. A read that
 * finds the backend away is made once more by the connector itself (`kit/retry.ts`), a write never.
 */
export interface Connector {
  /** The kinds of entries there are, each with the attribute that holds its entries' key. */
  readonly kinds: ReadonlyMap<string, { readonly key: string }>;
  /** How well a condition is answered; of `and`, `or` and `not` asked only when what is inside them is answered. */
  readonly supports: (kind: string, condition: Condition) => Support;
  /** Whether an attribute never holds more than one value, as far as is known. Where a connector leaves this out, each may hold several. */
  readonly isSingle?: (kind: string, attr: string) => boolean;
  /** Whether it can order by an attribute. */
  readonly sorts: (kind: string, attr: string) => boolean;
  readonly search: (request: SearchRequest) => Promise<SearchResult>;
  readonly get: (request: GetRequest) => Promise<Entry | undefined>;
  readonly create: (request: CreateRequest) => Promise<Entry>;
  /** Gives the entry after the change, with its `attrs`. */
  readonly update: (request: UpdateRequest) => Promise<Entry>;
  readonly delete: (request: DeleteRequest) => Promise<void>;
  /** What is not found, or is not of the kind, is absent from the answer. Left out where a reference is the key itself. */
  readonly resolve?: (request: ResolveRequest) => Promise<ReadonlyMap<string, string>>;
  /**
   * References, by their keys, to entries that are out of the kind's reach, such as those that were moved out of its base: they can be
   * taken out of lists still. What is nowhere is absent from the answer.
   */
  readonly outside?: (request: Omit<ResolveRequest, "to">) => Promise<ReadonlyMap<string, string>>;
  /** Where a reference holds the key of its entry, whatever that is an entry of: from the one to the other without asking. */
  readonly anyKind?: {
    readonly keyOf: (reference: string) => string | undefined;
    readonly referenceTo: (key: string) => string | undefined;
  };
  /** Asks the backend whether it serves, and says in a line what it is. */
  readonly probe: (signal: AbortSignal) => Promise<string>;
  /** Whether the backend is as the mappings need it, and the gateway's account may do it. Nothing is written. */
  readonly check?: (uses: ReadonlyMap<string, Uses>, signal: AbortSignal) => Promise<readonly Finding[]>;
  /** What would be asked of the backend, as an administrator reads it. Secrets are left out. */
  readonly explain: (operation: BackendOperation) => string | Promise<string>;
  /** What of a condition no index of the backend's answers, so that it goes through all entries: with what to do about it. */
  readonly slow?: (kind: string, where: Condition, signal: AbortSignal) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** What the composition root lends to a connector. */
export interface Services {
  /** The files that the settings name. */
  readonly files: Files;
  readonly log: { readonly warn: (fields: object, message: string) => void };
  /** Wraps what sends HTTP requests, of connectors that do: to record them, or to answer in its place. */
  readonly transport?: (transport: Transport) => Transport;
  /** What mappings say that attributes are, `as: fileTime`: of the definition's `types`, by attribute. */
  readonly types?: Readonly<Record<string, string>>;
  /** How long an operation may take, in milliseconds, for systems that end what takes longer by themselves. */
  readonly operationMs?: number;
  /** What mappings do, by kind. */
  readonly mapped?: ReadonlyMap<string, Mapped>;
  /** What mappings say that attributes refer to. */
  readonly references?: References;
}

/** What mappings refer to by attributes of a connector's kinds: kinds of the same connector. */
export type References = readonly {
  readonly kind: string;
  readonly attr: string;
  readonly to: readonly string[];
  /** The attribute of what is referred to that the values are, where they are not its key or DN. */
  readonly by?: string | undefined;
}[];

/** What mappings do with the entries of a kind. */
export interface Mapped {
  /** The attributes that they may write. */
  readonly writes: readonly string[];
  /** Those that hold any number of values. */
  readonly lists: readonly string[];
  /** Those of whose values each may be there once, by the schema or by the mapping. */
  readonly unique: readonly { readonly attr: string; readonly caseExact: boolean }[];
}

/** What `postern init` gives a connector that drafts a configuration. */
export interface InitRequest {
  /** The options that were given, in camel case. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the shipped mappings. */
  readonly mappings: string;
  /** The files that options name. */
  readonly files: Files;
  readonly signal: AbortSignal;
}

/** A first configuration: the files, by path, and what else was found that is worth knowing. */
export interface Initial {
  readonly files: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** A type of connector: what it is set up with, and how it is opened. */
export interface ConnectorDefinition<Config extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** Its settings, beside `type`: checked at start, and the source of the JSON Schema and the reference page. */
  readonly config: Config;
  /** An example of its settings as YAML, for the reference page; a test checks it against `config`. */
  readonly example: string;
  /** The types of attributes that a mapping may name with `as`; the connector converts what is of them. */
  readonly types?: readonly string[];
  /** Asks a backend about itself and writes a first configuration: `postern init TYPE`. */
  readonly init?: {
    /** The options of the command line, as commander writes them. */
    readonly options: readonly { readonly flags: string; readonly description: string; readonly required?: boolean }[];
    readonly run: (request: InitRequest) => Promise<Initial>;
  };
  /** Opens it without waiting for the backend: one that is down does not keep the gateway from starting. */
  readonly open: (config: z.output<Config>, services: Services) => Connector;
}

/** Gives a connector's definition its types. */
export const defineConnector = <Config extends z.ZodType>(definition: ConnectorDefinition<Config>) => definition;

/** The values of an attribute, as a list. */
export function valuesOf(entry: Entry, attr: string): readonly Value[] {
  const value = entry[attr];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as Value];
}

/** An entry's form for a list of values: nothing, the one value, or the list. */
export function fromValues(values: readonly Value[]): Value | readonly Value[] | undefined {
  return values.length > 1 ? values : values[0];
}
