import type { Control, Filter } from "ldapts";
import type { Entry, Leaf, Support, Value } from "../../src/connector/connector.ts";
import type { ConnectorError } from "../../src/connector/error.ts";
import type { AttributesByType, TypeOf } from "./attributes.ts";

/** What servers of one make do in their own way, beside what RFC 4511 has in common. */
export interface Dialect {
  /** What the attributes of the schema are; others are text. */
  readonly attributes: AttributesByType;
  /** The attribute that never changes. */
  readonly key: string;
  /** Whether a text has the form of a key. */
  readonly isKey: (text: string, attr: string) => boolean;
  /** The attribute by which an entry's own DN is compared. */
  readonly dnAttribute: string;
  /** The most entries that the server gives at a time, where it has a bound and more are had by going on. */
  readonly pageSize?: number | undefined;
  /** Whether many values of an attribute come in parts, `member;range=0-1499`. */
  readonly ranges: boolean;
  /** Sent with each search. */
  readonly searchControls: () => Control[];
  /** How well a comparison of an attribute of a type is answered. */
  readonly supports: (leaf: Leaf, typeOf: TypeOf) => Support;
  /** Attributes that the server does not have, made of those that it has, by name in lower case. */
  readonly virtual: ReadonlyMap<string, VirtualAttribute>;
  /** What a refusal means, where the server's own words say more than its result code. */
  readonly refusal: (code: number, words: string, cause: unknown) => ConnectorError | undefined;
}

/** An attribute that is made of others when it is read. */
export interface VirtualAttribute {
  /** The attributes that it is made of. */
  readonly reads: readonly string[];
  readonly read: (entry: Entry) => Value | readonly Value[] | undefined;
  /** What a comparison with it asks, and how well that answers it; not asked of the server without it. */
  readonly filter?: (leaf: Leaf) => { readonly filter: Filter; readonly support: Support } | undefined;
}
