import type { Control, Filter } from "ldapts";
import type { Entry, Leaf, Support, Value } from "../../src/connector/connector.ts";
import type { ConnectorError } from "../../src/connector/error.ts";
import type { AttributesByType, TypeOf } from "./attributes.ts";

/** What one kind of server does differently, or in addition to RFC 4511. */
export interface Dialect {
  /** The types of the schema's attributes; others are text. */
  readonly attributes: AttributesByType;
  /** The attribute that never changes. */
  readonly key: string;
  /** Reports whether a text has the form of a key. */
  readonly isKey: (text: string, attr: string) => boolean;
  /** The attribute that an entry's own DN is compared by. */
  readonly dnAttribute: string;
  /** Maximum entries per page, if the server limits it. */
  readonly pageSize?: number | undefined;
  /** Whether long lists are returned in parts, `member;range=0-1499`. */
  readonly ranges: boolean;
  /** Sent with each search. */
  readonly searchControls: () => Control[];
  /** How well a comparison is supported, by the attribute's type. */
  readonly supports: (leaf: Leaf, typeOf: TypeOf) => Support;
  /** Attributes that are computed from the server's, by name in lower case. */
  readonly virtual: ReadonlyMap<string, VirtualAttribute>;
  /** Interprets a refusal whose message says more than its result code. */
  readonly refusal: (code: number, words: string, cause: unknown) => ConnectorError | undefined;
}

/** An attribute that is computed when read. */
export interface VirtualAttribute {
  /** The attributes that it is computed from. */
  readonly reads: readonly string[];
  readonly read: (entry: Entry) => Value | readonly Value[] | undefined;
  /** The filter for a comparison, and how well it answers it. Without this, the server is not asked. */
  readonly filter?: (leaf: Leaf) => { readonly filter: Filter; readonly support: Support } | undefined;
}
