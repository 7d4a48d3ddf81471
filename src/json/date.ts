/** Reports whether the date at the start of a text, as 2026-01-31, exists: JavaScript converts 30 February to 2 March. */
export function isOfCalendar(text: string): boolean {
  const [year, month, day] = text.split(/[-T ]/i).map(Number);
  return day! >= 1 && day! <= new Date(Date.UTC(400 + (year! % 400), month!, 0)).getUTCDate();
}

const INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Parses an ISO 8601 instant: `2026-01-31`, optionally with a time; UTC without a zone, whatever the machine's zone. Undefined for anything
 * else, where JavaScript would guess.
 */
export function instantOf(text: string): Date | undefined {
  const [, day, time = "00:00", zone = "Z"] = INSTANT.exec(text.trim()) ?? [];
  if (day === undefined || !isOfCalendar(day)) return undefined;
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const date = new Date(`${day}T${time}${offset.toUpperCase()}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
