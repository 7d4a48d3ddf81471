/** How an HR export looks: what is measured of Microsoft's public sample of 1,000 rows for inbound provisioning, in made-up data. */
export const HR_SAMPLE = {
  rows: 1000,
  /** Different worker ids, and how many of them have two to five rows. */
  ids: 624,
  several: 265,
  /** Of those, ids with rows of more than one company, and with both states. */
  companies: 189,
  mixed: 162,
  /** Rows that are inactive, that say UK, that have a manager in the file, and whose manager comes after them. */
  inactive: 504,
  uk: 196,
  managed: 634,
  after: 362,
} as const;

const HEADER =
  "WorkerID,WorkerStatus,WorkerType,UserID,FirstName,LastName,FullName,GenderPronoun,ManagerID,HireDate,OnLeave,Department,Division,CostCenter,Company,Location,JobTitle,StreetAddress,City,CountryCode,OfficePhone,Custom01,Custom02,ZipCode";

const FIRST = [
  "Ada",
  "Bo",
  "Cy",
  "Dee",
  "Eli",
  "Fay",
  "Gus",
  "Hal",
  "Ida",
  "Jo",
  "Kim",
  "Lou",
  "Max",
  "Nia",
  "Ola",
  "Pia",
];
const LAST = [
  "Ames",
  "Berg",
  "Cole",
  "Dahl",
  "Ek",
  "Fox",
  "Gray",
  "Holm",
  "Inge",
  "Jung",
  "Kerr",
  "Lind",
  "Moss",
  "Nord",
];
const COMPANIES = ["Northwind", "Fabrikam", "Adatum", "Litware"];
const DEPARTMENTS = ["Sales", "Research", "Finance", "Support"];

interface SampleRow {
  readonly id: number;
  readonly of: number;
  inactive: boolean;
  company: string;
  manager: number | undefined;
}

/** Numbers that look drawn, and are the same each time. */
function drawn(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The rows, in their order. */
function sampleRows(): SampleRow[] {
  const draw = drawn(18);
  const counts = Array.from({ length: HR_SAMPLE.ids }, (_, n) => (n < HR_SAMPLE.several ? 2 : 1));
  for (let left = HR_SAMPLE.rows - HR_SAMPLE.ids - HR_SAMPLE.several; left > 0; ) {
    const at = draw(HR_SAMPLE.several);
    if (counts[at]! < 5) {
      counts[at]!++;
      left--;
    }
  }
  const rows = counts.flatMap((count, n) =>
    Array.from({ length: count }, (_, of): SampleRow => {
      const company = COMPANIES[(n + (n < HR_SAMPLE.companies ? of : 0)) % COMPANIES.length]!;
      return { id: 1000 + n, of, inactive: n < HR_SAMPLE.mixed && of === 0, company, manager: undefined };
    }),
  );
  let inactive = rows.filter((row) => row.inactive).length;
  for (let n = HR_SAMPLE.ids - 1; n >= HR_SAMPLE.mixed; n--) {
    const own = rows.filter(({ id }) => id === 1000 + n);
    if (inactive + own.length > HR_SAMPLE.inactive) continue;
    for (const row of own) row.inactive = true;
    inactive += own.length;
  }
  for (let at = rows.length - 1; at > 0; at--) {
    const other = draw(at + 1);
    [rows[at], rows[other]] = [rows[other]!, rows[at]!];
  }
  giveManagers(rows, draw);
  return rows;
}

/** Managers have lower numbers, so that there is no circle, but for one who is his own. */
function giveManagers(rows: readonly SampleRow[], draw: (below: number) => number): void {
  const first = new Map<number, number>();
  for (const [at, { id }] of rows.entries()) if (!first.has(id)) first.set(id, at);
  let before = HR_SAMPLE.managed - HR_SAMPLE.after - 1;
  let after: number = HR_SAMPLE.after;
  for (const [at, row] of rows.entries()) {
    const lower = [...first].filter(([id]) => id < row.id);
    const behind = lower.filter(([, place]) => place > at);
    const ahead = lower.filter(([, place]) => place < at);
    const choice = after > 0 && behind.length > 0 ? behind : before > 0 && ahead.length > 0 ? ahead : undefined;
    if (choice === behind) after--;
    else if (choice === ahead) before--;
    if (choice) row.manager = choice[draw(choice.length)]![0];
  }
  const own = rows.find(({ manager, id }, at) => manager === undefined && first.get(id) !== at)!;
  own.manager = own.id;
  if (before > 0 || after > 0) throw new Error(`no manager was found for ${before + after} rows`);
}

/** The file, as it is exported. */
export function hrSample(): string {
  const draw = drawn(7);
  const lines = sampleRows().map(({ id, of, inactive, company, manager }, at) => {
    const first = FIRST[(id + of * 5) % FIRST.length]!;
    const last = LAST[(id * 3 + of) % LAST.length]!;
    const hired = `${2010 + ((id + of * 3) % 13)}-${String(1 + (id % 12)).padStart(2, "0")}-${String(1 + ((id + of) % 28)).padStart(2, "0")}`;
    return [
      ...[id, inactive ? "Inactive" : "Active", ["Employee", "Contractor", "Intern"][id % 3], `EMP${id}`, first, last],
      ...[`${first} ${last}`, "they/them", manager ?? 90_000 + at, hired, draw(9) === 0 ? "True" : "False"],
      ...[
        DEPARTMENTS[draw(4)],
        "Devices",
        `CC${1000 + draw(20)}`,
        company,
        "Europe",
        "Engineer",
        `${1 + draw(99)} Main St`,
      ],
      ...[
        "Oslo",
        at < HR_SAMPLE.uk ? "UK" : "NO",
        `555-01${String(draw(100)).padStart(2, "0")}`,
        `T${id}`,
        "",
        `${10_000 + draw(80_000)}`,
      ],
    ].join(",");
  });
  return `${HEADER}\n${lines.join("\n")}\n`;
}
