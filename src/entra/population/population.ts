/** How many people and groups are drawn, and by which seed. */
export interface Population {
  readonly people: number;
  readonly groups: number;
  readonly seed: number;
  /** The domain of user names. Default: `contoso.example`. */
  readonly domain?: string;
}
