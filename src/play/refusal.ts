import type { Mistake } from "./shown.ts";

/**
 * Why the playground does not do something: what is asked for is not there, or what is needed for it is away, too much is asked for at once,
 * a file was changed meanwhile, or a file cannot be saved.
 */
export type RefusalKind = "absent" | "away" | "busy" | "changed" | "refused";

/** Something is not done, for a reason that its user can act on. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly kind: RefusalKind;
  /** The mistakes of a text that is not saved. */
  readonly problems: readonly Mistake[];

  constructor(kind: RefusalKind, message: string, problems: readonly Mistake[] = []) {
    super(message);
    this.kind = kind;
    this.problems = problems;
  }
}
