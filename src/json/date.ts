/** Whether the date that a text begins with, as 2026-01-31, is one of the calendar: JavaScript takes 30 February for 2 March. */
export function isOfCalendar(text: string): boolean {
  const [year, month, day] = text.split(/[-T ]/i).map(Number);
  return day! >= 1 && day! <= new Date(Date.UTC(400 + (year! % 400), month!, 0)).getUTCDate();
}
