/** An attribute of a kind, as the schema that the backend publishes describes it. */
export interface AttributeInfo {
  readonly name: string;
  /** Its type, in the backend's own word. */
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  /** Whether a new entry needs a value. */
  readonly isRequired?: boolean;
  /** Whether the backend maintains it itself. */
  readonly isReadOnly?: boolean;
}
