import type { Operator } from "../env.ts";

/** `GET /console/api/me`: whoever is signed in. */
export type Me = Operator;
