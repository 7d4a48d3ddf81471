import type { GuardDanger } from "../api/guard.ts";

/** What the guard knows of a resource: a change that it stopped, or one that is released and has not come again. */
export type GuardFact =
  | {
      readonly is: "stopped";
      readonly danger: GuardDanger;
      /** When it was stopped first and tried last, in milliseconds since 1970, and by whom. */
      readonly since: number;
      readonly at: number;
      readonly caller: string;
    }
  | {
      readonly is: "released";
      readonly danger: GuardDanger;
      /** When it was released, until when, by whom and why. */
      readonly at: number;
      readonly until: number;
      readonly by: string;
      readonly reason: string;
    };
