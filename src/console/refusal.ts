/** Why an act was refused: somebody was faster, it makes no sense, there is no such thing, there are too many, or it cannot be done at present. */
export type RefusalKind = "conflict" | "wrong" | "missing" | "busy" | "unavailable";

const STATUS = { conflict: 409, wrong: 400, missing: 404, busy: 429, unavailable: 503 } as const;

/** An act or a question of a page that was refused, in words for the operator. Nothing was done. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly kind: RefusalKind;
  constructor(kind: RefusalKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
  /** The status that it is answered with. */
  get status(): (typeof STATUS)[RefusalKind] {
    return STATUS[this.kind];
  }
}
