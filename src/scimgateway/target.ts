/** What a base entity of scimgateway's becomes: a connector, and the mappings of a route. */
export interface Converted {
  readonly connector: object;
  /** The texts of files by path. */
  readonly files: ReadonlyMap<string, string>;
  /** The mapping of each resource type. */
  readonly types: { readonly User?: string; readonly Group?: string };
}
