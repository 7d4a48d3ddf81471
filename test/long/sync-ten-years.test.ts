import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { type HrRow, openSyncing, RULES, type Syncing } from "../servers/syncing.ts";
import { type Company, dayAfter, foundCompany, type HrDay } from "../suites/company.ts";
import { drawsFrom, seedOf } from "../suites/draws.ts";

/**
 * Ten years of a company of 1,000, a run a day: seven minutes on two cores that others use, too. It is not 20,000 because a run reads the whole
 * source although nobody changed, about 40 microseconds a person: ten years of 20,000 people are an hour and more. PEOPLE=20000 is that.
 */
const PEOPLE = Number(process.env.PEOPLE ?? 1000);
const YEARS = Number(process.env.YEARS ?? 10);
const FOUNDED = "2026-01-01";
const DELETED_AFTER = 90;
/** On how many days of a hundred the file that HR sends is bad. */
const BAD = 0.02;

type Account = Omit<HrRow, "number" | "hired" | "ended" | "status" | "born" | "site" | "manager"> & {
  isActive: boolean;
  manager: string | undefined;
};

/** The second opinion: what accounts there are to be, by the rules in words, without any of the engine. */
class Model {
  readonly accounts = new Map<string, Account>();
  /** The days on which somebody was found to have left. */
  readonly left = new Map<string, string>();
  /** How many accounts a person has had. */
  readonly generations = new Map<string, number>();

  /** Another day, on which HR has some people, of whom some are not to be touched because their number comes twice. */
  pass(today: string, rows: ReadonlyMap<string, HrRow>, frozen: ReadonlySet<string>): void {
    const tomorrow = dayAfter(today, 1);
    for (const [key, { given, family, title, department, hired, ended, status }] of rows) {
      if (frozen.has(key)) continue;
      const hasLeft = ended != null && ended < today;
      if (hasLeft && !this.accounts.has(key)) continue;
      if (!hasLeft) this.left.delete(key);
      const present = this.accounts.get(key);
      if (!present) this.generations.set(key, (this.generations.get(key) ?? 0) + 1);
      const isActive = hired! <= tomorrow && !hasLeft && status !== "leave";
      this.accounts.set(key, { given, family, title, department, isActive, manager: present?.manager });
      if (hasLeft && !this.left.has(key)) this.left.set(key, today);
    }
    for (const [key, account] of this.accounts) {
      if (rows.has(key)) continue;
      account.isActive = false;
      if (!this.left.has(key)) this.left.set(key, today);
    }
    for (const [key, since] of this.left)
      if (!frozen.has(key) && today >= dayAfter(since, DELETED_AFTER)) {
        this.accounts.delete(key);
        this.left.delete(key);
      }
    for (const [key, account] of this.accounts) {
      const named = rows.get(key)?.manager;
      if (rows.has(key) && !frozen.has(key)) {
        if (named == null) account.manager = undefined;
        else if (this.accounts.has(named)) account.manager = named;
      }
      if (account.manager !== undefined && !this.accounts.has(account.manager)) account.manager = undefined;
    }
  }
}

let syncing: Syncing | undefined;
afterEach(() => syncing?.close());

test(`${YEARS} years of ${PEOPLE} people: each month's end is as the rules say, and a bad file changes nobody`, async () => {
  const seed = seedOf();
  const draws = drawsFrom(seed + 1);
  syncing = await openSyncing({
    attributes: {
      ...RULES,
      active: { value: '$from(hr.hireDate, "-P1D") and $until(hr.endDate) and hr.status != "leave"' },
    },
    leavers: { left: "$after(hr.endDate)", stages: [{ after: `P${DELETED_AFTER}D`, do: "delete" }] },
  });
  const company = foundCompany(seed, PEOPLE, FOUNDED);
  const model = new Model();
  const target = seenIn(syncing);
  const counts = { runs: 0, bad: 0, duplicates: 0, changes: {} as Record<string, number> };
  const begun = performance.now();
  syncing.hr.exec("create index numbers on people (number)");
  put(syncing, { rows: [...company.rows.values()], gone: [] });
  const end = dayAfter(FOUNDED, Math.round(YEARS * 365.25));
  let quiet = 0;
  for (let today = FOUNDED; today < end; today = dayAfter(today, 1)) {
    const isMonthsEnd = dayAfter(today, 1).endsWith("-01");
    const isReorganised = /^20(28|33)-06-15$/.test(today);
    const what = !isMonthsEnd && !isReorganised && quiet > 3 && draws.isTrue(BAD) ? draws.below(4) : undefined;
    const isBad = what !== undefined && what < 3;
    quiet = what === undefined ? quiet + 1 : 0;
    // HR does nothing on a day on which its file is bad: the next one has it.
    if (!isBad && today !== FOUNDED) put(syncing, company.work(today));
    if (isReorganised) put(syncing, company.reorganise());
    const frozen = what === 3 ? twins(syncing, company, draws.below(50) + 1) : new Set<string>();
    const repair = isBad ? spoiled(syncing, what) : () => {};
    const report = await syncing.run({ at: `${today}T12:00:00Z` });
    repair();
    syncing.hr.exec("delete from people where id like 'twin%'");
    expect(report.outcome, `${today}, seed ${seed}: ${report.error} ${JSON.stringify(report)}`).toBe(
      isBad ? "failed" : "done",
    );
    counts.runs++;
    if (isBad) counts.bad++;
    if (frozen.size > 0) counts.duplicates++;
    for (const [kind, { done, failed }] of Object.entries(report.counts)) {
      expect(failed).toBe(0);
      counts.changes[kind] = (counts.changes[kind] ?? 0) + done;
    }
    model.pass(today, company.rows, frozen);
    if (isMonthsEnd || what !== undefined || isReorganised) target.compare(model, `${today}, seed ${seed}`);
  }
  const idle = await syncing.run({ at: `${dayAfter(end, -1)}T12:00:01Z`, isReconciling: true });
  expect(idle).toMatchObject({ outcome: "done", counts: {} });
  console.log(
    `seed ${seed}, ${Math.round((performance.now() - begun) / 1000)} s`,
    counts,
    `${target.count()} accounts`,
  );
  expect(counts.bad).toBeGreaterThan(YEARS);
}, 7_200_000);

function put({ hire, fire }: Syncing, { rows, gone }: HrDay): void {
  hire(...rows);
  fire(...gone);
}

/** Some numbers come twice; gives them. */
function twins({ hr }: Syncing, { rows }: Company, count: number): Set<string> {
  const keys = [...rows.keys()].filter((_, index) => index % Math.ceil(rows.size / count) === 0);
  for (const key of keys)
    hr.prepare("insert into people (id, number, given, family, status) values (?, ?, 'Twin', 'Twin', 'active')").run(
      `twin${key}`,
      key,
    );
  return new Set(keys);
}

/** The source is empty, has lost half of its people, or a column; gives what puts it right again. */
function spoiled({ hr }: Syncing, what: number): () => void {
  if (what === 2) {
    hr.exec("alter table people rename column department to unit");
    return () => hr.exec("alter table people rename column unit to department");
  }
  const kept = what === 0 ? "id is null" : "rowid % 2 = 0";
  hr.exec(`begin; create table whole as select * from people; delete from people where not (${kept}); commit`);
  return () => hr.exec("begin; delete from people; insert into people select * from whole; drop table whole; commit");
}

/** The target's own table against the model. */
function seenIn({ folder }: Syncing) {
  const db = new DatabaseSync(join(folder, "target.db"), { readOnly: true });
  const all = db.prepare(
    "select a.*, m.external as boss from accounts a left join accounts m on m.id = a.manager order by a.external",
  );
  const ids = new Map<string, string>();
  const names = new Map<string, string>();
  return {
    count: () => all.all().length,
    compare: (model: Model, when: string) => {
      const rows = all.all() as Record<string, string | number | null>[];
      const found = rows.map((row) => [
        row.external,
        row.given,
        row.family,
        row.shown,
        row.title,
        row.department,
        row.enabled === 1,
        row.boss ?? undefined,
      ]);
      const wanted = [...model.accounts]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, { given, family, title, department, isActive, manager }]) => [
          key,
          given,
          family,
          `${given} ${family}`,
          title,
          department,
          isActive,
          manager,
        ]);
      const isSame = (index: number) => JSON.stringify(found[index]) === JSON.stringify(wanted[index]);
      const wrong = found.length === wanted.length ? found.findIndex((_, index) => !isSame(index)) : -1;
      if (wrong >= 0) expect(found[wrong], when).toEqual(wanted[wrong]);
      expect(
        found.map(([key]) => key),
        when,
      ).toEqual(wanted.map(([key]) => key));
      // An account is one and the same for as long as there is one, under the name that was chosen first.
      for (const { external, id, login } of rows) {
        const account = `${external} ${model.generations.get(String(external))}`;
        expect(ids.get(account) ?? id, `${when}: ${account}`).toBe(id);
        expect(names.get(account) ?? login, `${when}: ${account}`).toBe(login);
        ids.set(account, String(id));
        names.set(account, String(login));
      }
      expect(new Set(rows.map(({ login }) => String(login).toLowerCase())).size).toBe(rows.length);
    },
  };
}
