/** JSONata's `$boolean` of a value: false for nothing, 0, empty text, and objects and arrays without anything true. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTrue);
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
