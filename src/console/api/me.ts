import type { Operator } from "../env.ts";

/** `GET /console/api/me`: whoever is signed in. */
export interface Me extends Operator {
  /** Where the console begins, if only that page of it is served. */
  readonly home?: string;
}
