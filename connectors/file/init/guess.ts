import type { Survey, Surveyed } from "./survey.ts";

/** A header without what customs differ in: case, blanks, underscores, dashes. */
export const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** What columns of HR exports are called, the likeliest first. A name of a column is taken once. */
const NAMES: readonly (readonly [path: string, names: string])[] = [
  [
    "key",
    "workerid employeeid employeenumber employeeno employeenum empno empnum empid personnelnumber personnelno pernr personalnummer persnr personidexternal associateoid personnumber staffnumber staffid payrollid workernumber id",
  ],
  ["userName", "userid username login loginname samaccountname userprincipalname upn networkid"],
  ["email", "email workemail emailaddress mail emailwork businessemail primaryemail companyemail"],
  ["givenName", "firstname givenname forename vorname vorna legalfirstname"],
  ["middleName", "middlename legalmiddlename zweitervorname midnm"],
  ["familyName", "lastname familyname surname sn nachname nachn legallastname"],
  ["nickName", "preferredname preferredfirstname knownas rufname nickname rufnm"],
  ["displayName", "fullname displayname name employeename workername anzeigename cn"],
  ["status", "workerstatus status employmentstatus employeestatus active isactive stat2 emplstatus"],
  ["type", "workertype employeetype employmenttype emptype persg contracttype type"],
  ["hireDate", "hiredate startdate firstdayofwork begda joindate dateofhire originalhiredate eintrittsdatum eintritt"],
  [
    "endDate",
    "terminationdate enddate lastdayofwork endofvalidity contractenddate leavedate endda exitdate austrittsdatum austritt lastworkingday",
  ],
  [
    "manager",
    "managerid supervisorid supervisoreid reportsto managerworkerid manageremployeeid managerempid manageremployeenumber vorgesetzter managernumber",
  ],
  ["department", "department departmentname dept deptname abteilung orgunit organisation organizationunit"],
  ["costCenter", "costcenter costcentre kostenstelle costcentercode kostl"],
  ["division", "division businessunit bereich"],
  ["organization", "company companyname legalentity organization employer firma bukrs"],
  ["title", "jobtitle title position positiontitle businesstitle stelle job"],
  ["office", "location office site workplace standort locationname worklocation"],
  ["street", "streetaddress street addressline1 address address1 strasse straße"],
  ["city", "city town locality ort stadt"],
  ["region", "state region province county bundesland"],
  ["postalCode", "zipcode postalcode zip postcode plz"],
  ["country", "countrycode country twolettercountrycode land countryname"],
  ["phone", "officephone workphone phone phonenumber telephone telephonenumber businessphone telefon"],
  ["mobile", "mobile mobilephone cell cellphone mobilenumber handy"],
  ["language", "preferredlanguage language locale sprache"],
  ["onLeave", "onleave leaveofabsence isonleave"],
];

/** What a column is taken for. */
export type Meaning = (typeof NAMES)[number][0];

/** What columns are taken for, by their headers; each is taken once. */
export function guessColumns(columns: readonly Surveyed[]): ReadonlyMap<Meaning, Surveyed> {
  const found = new Map<Meaning, Surveyed>();
  const taken = new Set<string>();
  for (const [meaning, names] of NAMES)
    for (const name of names.split(" ")) {
      const column = columns.find((each) => plain(each.name) === name && !taken.has(each.name));
      if (!column) continue;
      found.set(meaning, column);
      taken.add(column.name);
      break;
    }
  return found;
}

/** The column with the key: by its header, else the first one whose values are all there, each once. */
export function guessKey({ columns, rows }: Survey, guessed: ReadonlyMap<Meaning, Surveyed>) {
  const byName = guessed.get("key");
  if (byName) return { column: byName, isByName: true };
  const unique = columns.find(({ isUnique, filled, dates }) => isUnique && filled === rows && dates.length === 0);
  return unique && { column: unique, isByName: false };
}

const ACTIVE =
  /^(a|act|active|aktiv|1|true|yes|y|employed|current|on ?leave|l|p|leave|paid leave|unpaid leave|probation|3)$/i;
const INACTIVE =
  /^(i|inactive|inaktiv|0|false|no|n|t|term|terminated|former|former employee|left|resigned|retired|r|2)$/i;

/** Which words of a status mean that somebody works here, and which nobody can say. */
export const guessActive = (values: readonly string[]) => ({
  active: values.filter((value) => ACTIVE.test(value)),
  unknown: values.filter((value) => !ACTIVE.test(value) && !INACTIVE.test(value)),
});

/** Whether a column's values are two words for true and false. */
export function isFlag({ values }: Surveyed): boolean {
  const words = values.map((value) => value.toLowerCase());
  return (
    words.length > 0 &&
    words.length <= 2 &&
    words.every((word) => ["true", "false", "yes", "no", "y", "n"].includes(word))
  );
}
