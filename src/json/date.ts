/** Whether the date that a text begins with, as 2026-01-31, is one of the calendar: JavaScript takes 30 February for 2 March. */
export function isOfCalendar(text: string): boolean {
  const [year, month, day] = text.split(/[-T ]/i).map(Number);
  return day! >= 1 && day! <= new Date(Date.UTC(400 + (year! % 400), month!, 0)).getUTCDate();
}

const INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * The instant that a text names, as ISO 8601 writes it: `2026-01-31`, or with a time of day behind it; without a zone it is UTC, whatever
 * this machine's is. Undefined for anything else, of which JavaScript guesses some date.
 */
export function instantOf(text: string): Date | undefined {
  const [, day, time = "00:00", zone = "Z"] = INSTANT.exec(text.trim()) ?? [];
  if (day === undefined || !isOfCalendar(day)) return undefined;
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const date = new Date(`${day}T${time}${offset.toUpperCase()}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
