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
