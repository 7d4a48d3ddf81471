import data from "./names.json" with { type: "json" };

/** A name, and how its bearer writes it in Latin letters. */
export interface Name {
  readonly text: string;
  readonly latin: string;
}

/** An address. */
export interface Place {
  readonly city: string;
  readonly state: string;
  readonly postalCode: string;
  readonly street: string;
}

/** How people are called, where they live and how they phone in a part of the world. */
export interface Culture {
  readonly language: string;
  readonly usageLocation: string;
  readonly country: string;
  /** `+49 30`: the country and the area. */
  readonly phone: string;
  /** How many of some hundred people are of it. */
  readonly weight: number;
  readonly order: string;
  readonly given: readonly Name[];
  readonly family: readonly Name[];
  readonly places: readonly Place[];
}

const namesIn = (text: string): readonly Name[] =>
  text.split(", ").map((each) => {
    const [name = "", latin = name] = each.split("=");
    return { text: name, latin };
  });

const placesIn = (text: string): readonly Place[] =>
  text.split("; ").map((each) => {
    const [city = "", state = "", postalCode = "", street = ""] = each.split("|");
    return { city, state, postalCode, street };
  });

/** All cultures. */
export const CULTURES: readonly Culture[] = data.cultures.map((each) => ({
  ...each,
  given: namesIn(each.given),
  family: namesIn(each.family),
  places: placesIn(each.places),
}));

/** The cultures as often as they weigh, to pick one from. */
export const WEIGHTED: readonly Culture[] = CULTURES.flatMap((each) => Array<Culture>(each.weight).fill(each));

/** Departments, job titles and so on: the same in all cultures, as in companies that work in many countries. */
export const DEPARTMENTS = data.departments.split("; ");
/** Job titles. */
export const TITLES = data.titles.split("; ");
/** Names of companies. */
export const COMPANIES = data.companies.split("; ");
/** What groups are called; the first one is the largest. */
export const GROUP_NAMES = data.groups.split("; ");

/** A display name, in the order of the culture. */
export function displayNameOf(culture: Culture, given: string, family: string): string {
  if (given === "" || family === "") return given + family;
  if (culture.order === "family first, joined") return family + given;
  return culture.order === "given first" ? `${given} ${family}` : `${family} ${given}`;
}
