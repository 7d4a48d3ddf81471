/** A question that an operation puts to the backend, as data: nobody was asked, unless the trial is live and the question a read. */
export interface AskedCall {
  /** The connector's name in the configuration. */
  readonly connector: string;
  readonly call: "search" | "get" | "create" | "update" | "delete" | "resolve" | "outside";
  readonly kind: string;
  /** The call in the backend's own words: LDIF, SQL, HTTP. Empty for look-ups of references. */
  readonly native: string;
  /** For a search: the condition. */
  readonly where?: string;
  /** For a read: the attributes that are asked for. */
  readonly attrs?: readonly string[];
  /** For a read: the entry that the trial goes on with, if it was given or made up. */
  readonly assumed?: Readonly<Record<string, unknown>>;
  /** For a creation: the entry. Secrets are hidden. */
  readonly entry?: Readonly<Record<string, unknown>>;
  /** For a change: what it does to each attribute. */
  readonly changes?: readonly string[];
  /** For a look-up of references: what is looked up. */
  readonly values?: readonly string[];
  readonly to?: "references" | "keys";
  /** What the backend's indexes do not answer, if it was asked. */
  readonly slow?: readonly string[];
}

/** How a filter is divided between the backend and the gateway. */
export interface FilterSplit {
  /** The backend finds exactly what matches, more than that, or is asked for everything. */
  readonly pushed: "exact" | "superset" | "none";
  /** The condition that the backend is asked for; undefined if the backend is not asked, or for everything. */
  readonly where: string | undefined;
  /** The part that the gateway evaluates itself. */
  readonly rest: string | undefined;
}

/** What a request would do. */
export interface Trial {
  /** The questions to the backend, in order. */
  readonly asked: readonly AskedCall[];
  /** The SCIM answer, as far as it is known: of a creation and a change it shows what the request itself sets. */
  readonly answer: { readonly status: number; readonly body: unknown };
  /** For a query with a filter. */
  readonly filter?: FilterSplit;
  /** Why the backend could not be asked, if a read of a live trial failed. */
  readonly unreachable?: string;
}

/** What is tried: something from the backend, or something from a client with the entry as it is. */
export type PlayInput =
  | { readonly kind: "entry"; readonly entry: JsonObject }
  | { readonly kind: "resource"; readonly resource: JsonObject }
  | { readonly kind: "filter"; readonly filter: string; readonly entry?: JsonObject | undefined }
  | { readonly kind: "patch"; readonly patch: JsonObject; readonly entry?: JsonObject | undefined }
  | { readonly kind: "put"; readonly resource: JsonObject; readonly entry?: JsonObject | undefined };

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A mistake in a mapping, or a warning, as `postern check` tells it. */
export interface Mistake {
  readonly severity: "error" | "warning";
  readonly code: string;
  /** The text that it is in; undefined for what is in neither. */
  readonly in: "mapping" | "types" | undefined;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** A row of a mapping, with what the backend answers of it. */
export interface TableRow {
  /** The SCIM path. */
  readonly name: string;
  /** What it is in the backend: an attribute, a reference, or an expression. */
  readonly backend: string;
  readonly use: "read" | "write" | "read, write";
  /** The operators of a filter that the backend answers: exactly, or with more entries than were asked for. */
  readonly exact: readonly string[];
  readonly inPart: readonly string[];
  /** The operators that make sense for its values. */
  readonly operators: readonly string[];
}

/** Something that an editor may suggest. */
export interface Suggestion {
  readonly label: string;
  /** What is shown beside it: a type, or the parameters of a function. */
  readonly detail?: string | undefined;
  /** A sentence on it. */
  readonly info?: string | undefined;
}

/** What an editor of mappings suggests, beside the keys and values that the format of the file names. */
export interface Completions {
  /** SCIM paths of the resource type. */
  readonly paths: readonly Suggestion[];
  /** Attributes of the entry, as far as mappings name them. */
  readonly attributes: readonly Suggestion[];
  readonly kinds: readonly Suggestion[];
  /** The resource types that the route serves. */
  readonly resources: readonly Suggestion[];
  readonly conversions: readonly Suggestion[];
  readonly functions: readonly Suggestion[];
}
