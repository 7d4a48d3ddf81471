/** What JSONata's `$boolean` makes of a value: false of nothing, 0, empty text, and of an object or an array that holds nothing true. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTrue);
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
