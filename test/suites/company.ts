import type { HrRow } from "../servers/syncing.ts";
import { type Draws, drawsFrom } from "./draws.ts";

const DAY = 86_400_000;

/** The day so many days after another, as HR writes it. */
export const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);

/** What a day's work in HR gives: the rows that are other ones, and the numbers that are gone. */
export interface HrDay {
  readonly rows: readonly HrRow[];
  readonly gone: readonly string[];
}

/** A made-up company, as its HR knows it. */
export interface Company {
  readonly rows: ReadonlyMap<string, HrRow>;
  /** Another day: people are hired ahead of time, move, are away, leave, come back, marry. */
  readonly work: (day: string) => HrDay;
  /** Every department has another name, and everybody another manager. */
  readonly reorganise: () => HrDay;
}

/** HR deletes a record so many days after the last day. */
const KEPT_DAYS = 30;
const DEPARTMENTS = 40;
const GIVEN = "Ada Bob Cleo Dan Eve Finn Gro Hal Ida Jon Kai Lea Max Nia Ole Pia Quinn Rune Siv Tom".split(" ");
const FAMILY = "Berg Dahl Eide Foss Gran Holm Lie Moe Nes Ohm Ruud Skov Tveit Vik Wold Aas Bakke Lund Haug Myhre".split(
  " ",
);
/** How often something happens to a person in a year. */
const LEAVES = 0.12;
const MOVES = 0.1;
const ABSENCES = 0.04;
const MARRIES = 0.02;
/** Of those who leave, so many come back: under the number they had, or another one. */
const COMES_BACK = 0.1;
/** Of those who are hired ahead of time, so many never start. */
const RESCINDED = 0.05;

/** Founds a company of so many people on a day. */
export function foundCompany(seed: number, size: number, founded: string): Company {
  const draws = drawsFrom(seed);
  const rows = new Map<string, HrRow>();
  const later = new Map<string, (() => void)[]>();
  const heads = new Map<number, string>();
  let [number, era] = [0, 1];
  let changed = new Set<string>();
  let today = founded;

  const departmentName = (index: number) => `Department ${index}, ${era}`;
  const departmentOf = ({ department }: HrRow) => Number(/\d+/.exec(department!)![0]);
  const put = (row: HrRow) => {
    rows.set(row.number!, row);
    changed.add(row.number!);
  };
  const change = (key: string, more: Partial<HrRow>) => {
    const row = rows.get(key);
    if (row) put({ ...row, ...more });
  };
  const onDay = (days: number, work: () => void) => {
    const day = dayAfter(today, days);
    later.set(day, [...(later.get(day) ?? []), work]);
  };
  /** Everybody reports to the head of the department, and heads to the head of the first one: there are no circles. */
  const managerIn = (department: number, own: string): string | null => {
    const top = heads.get(0);
    if (top === own) return null;
    const isHead = [...heads.values()].includes(own);
    return (isHead ? undefined : heads.get(department)) ?? top ?? null;
  };
  const hire = (hired: string, who: Partial<HrRow> = {}): string => {
    const key = `E${String(++number).padStart(6, "0")}`;
    const department = draws.below(DEPARTMENTS);
    if (!heads.has(department)) heads.set(department, key);
    put({
      number: key,
      given: draws.oneOf(GIVEN),
      family: draws.oneOf(FAMILY),
      title: `Clerk ${draws.below(5)}`,
      status: "active",
      ended: null,
      ...who,
      hired,
      department: departmentName(department),
      manager: managerIn(department, key),
    });
    return key;
  };
  /** Somebody else is the head of those whose head leaves. */
  const succeed = (key: string) => {
    for (const [department, head] of heads) {
      if (head !== key) continue;
      const next = [...rows.values()].find(
        (row) => row.number !== key && departmentOf(row) === department && row.ended === null && row.hired! <= today,
      );
      if (next) heads.set(department, next.number!);
      else heads.delete(department);
      for (const row of rows.values())
        if (row.manager === key) change(row.number!, { manager: managerIn(departmentOf(row), row.number!) });
    }
  };
  const leave = (key: string) => {
    const notice = draws.below(40);
    const last = dayAfter(today, notice);
    succeed(key);
    change(key, { ended: last });
    const who = rows.get(key)!;
    if (draws.isTrue(COMES_BACK)) {
      const away = notice + 5 + draws.below(300);
      const hasSameNumber = draws.isTrue(0.5);
      onDay(away, () => {
        const hired = dayAfter(today, draws.below(20));
        if (hasSameNumber)
          put({
            ...who,
            department: departmentName(departmentOf(who)),
            manager: managerIn(departmentOf(who), key),
            ended: null,
            status: "active",
            hired,
          });
        else hire(hired, { given: who.given!, family: who.family! });
      });
      if (hasSameNumber && away <= notice + KEPT_DAYS) return;
    }
    onDay(notice + KEPT_DAYS, () => {
      rows.delete(key);
      changed.add(key);
    });
  };
  const taken = (): HrDay => {
    const all = [...changed];
    changed = new Set();
    return { rows: all.flatMap((key) => rows.get(key) ?? []), gone: all.filter((key) => !rows.has(key)) };
  };
  const yearly = (rate: number) => draws.isTrue(rate / 365);
  const happenings = (row: HrRow, draw: Draws) => {
    const key = row.number!;
    if (yearly(LEAVES)) leave(key);
    else if (yearly(MOVES)) {
      const department = draw.below(DEPARTMENTS);
      succeed(key);
      change(key, {
        department: departmentName(department),
        manager: managerIn(department, key),
        title: `Clerk ${draw.below(5)}`,
      });
    } else if (yearly(ABSENCES)) {
      change(key, { status: "leave" });
      onDay(60 + draw.below(120), () => {
        if (rows.get(key)?.status === "leave") change(key, { status: "active" });
      });
    } else if (yearly(MARRIES)) change(key, { family: draw.oneOf(FAMILY) });
  };

  for (let n = 0; n < size; n++) hire(dayAfter(founded, -draws.below(3000)));
  return {
    rows,
    work: (day) => {
      today = day;
      for (const work of later.get(day) ?? []) work();
      later.delete(day);
      const present = [...rows.values()].filter(({ hired, ended }) => hired! <= day && ended === null);
      for (const row of present) if (rows.get(row.number!)!.ended === null) happenings(rows.get(row.number!)!, draws);
      // As many are hired as there are too few, some days or weeks ahead of time.
      const count = [...rows.values()].filter(({ ended }) => ended === null).length;
      for (let n = count; n < size; n++) {
        const ahead = draws.below(30);
        const key = hire(dayAfter(day, ahead));
        if (ahead > 3 && draws.isTrue(RESCINDED))
          onDay(ahead - 2, () => {
            succeed(key);
            rows.delete(key);
            changed.add(key);
          });
      }
      return taken();
    },
    reorganise: () => {
      era++;
      for (const [department, head] of heads) if (!rows.has(head)) heads.delete(department);
      for (const row of rows.values()) {
        const department = draws.below(DEPARTMENTS);
        if (heads.get(department) === undefined && row.ended === null) heads.set(department, row.number!);
        put({ ...row, department: departmentName(department) });
      }
      for (const row of rows.values()) put({ ...row, manager: managerIn(departmentOf(row), row.number!) });
      return taken();
    },
  };
}
