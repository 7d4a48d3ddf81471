import { withoutAccents } from "../../expression/letters.ts";
import { CULTURES, displayNameOf } from "./cultures.ts";
import { type Attributes, identityOf, personId, rolesOf, softDeletion } from "./person.ts";
import { hashOf } from "./random.ts";

/** Somebody as drawn so far. */
export interface Draft {
  readonly attributes: Attributes;
  readonly assigned: boolean;
}

/** Where somebody stands in the population. */
export interface Standing {
  readonly seed: number;
  readonly people: number;
  readonly domain: string;
  readonly index: number;
}

/** Something that real directories hold, and that targets stumble over. */
export interface Quirk {
  /** Which of each hundred people have it. */
  readonly slots: readonly number[];
  /** What it is, for the documentation. */
  readonly what: string;
  readonly apply: (draft: Draft, standing: Standing) => Draft;
}

const SLOTS = 100;
/** The quirks that say who may be a manager or a member. */
const SOFT_DELETED = 14;
const UNASSIGNED = [26, 27, 28, 29, 30, 31] as const;

/** Sets attributes; null leaves one out. */
const setting =
  (change: Attributes | ((attributes: Attributes, standing: Standing) => Attributes)): Quirk["apply"] =>
  (draft, standing) => {
    const changed = typeof change === "function" ? change(draft.attributes, standing) : change;
    const all = Object.entries({ ...draft.attributes, ...changed });
    return { ...draft, attributes: Object.fromEntries(all.filter(([, value]) => value !== null)) };
  };

const leavingOut = (...names: readonly string[]): Quirk["apply"] =>
  setting(Object.fromEntries(names.map((name) => [name, null])));

const text = (attributes: Attributes, name: string): string => String(attributes[name] ?? "");

/** Takes the names of the person before, written in another way. */
const likeTheOneBefore =
  (written: (name: string) => string): Quirk["apply"] =>
  (draft, standing) =>
    setting(() => {
      const { culture, given, family } = identityOf(standing.seed, before(standing));
      const [first, last] = [written(given.text), written(family.text)];
      return { givenName: first, surname: last, displayName: displayNameOf(culture, first, last) };
    })(draft, standing);

const before = ({ index, people }: Standing): number => (index + people - 1) % people;

const otherCase = (name: string): string => (name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase());

/** Punctuation that filters, DNs, CSV and JSON give a meaning to. */
const PUNCTUATED: readonly ((name: string) => string)[] = [
  (name) => `${name} "Bob"`,
  (name) => `${name}, Dr.`,
  (name) => `${name} + 1`,
  (name) => `${name} \\ Ops`,
  (name) => `${name} (*)`,
  (name) => `${name} <b>&amp;</b>`,
  (name) => `#${name}; 'x'`,
  (name) => `${name} 100 %25`,
];

const EMOJI = ["🚀", "👩🏽‍💻", "🏳️‍🌈", "❤️"] as const;

/** All quirks. They come in this order, one a slot, so that each hundred people have each of them. */
export const QUIRKS: readonly Quirk[] = [
  { slots: [3], what: "no `mail`", apply: leavingOut("mail") },
  {
    slots: [5],
    what: "one name only: no `surname`",
    apply: setting(({ givenName = "" }) => ({ displayName: givenName, surname: null })),
  },
  { slots: [7], what: "no `givenName`", apply: leavingOut("givenName") },
  { slots: [9], what: "no `jobTitle`, no `department`", apply: leavingOut("jobTitle", "department") },
  { slots: [10, 11, 12], what: "blocked: `accountEnabled` is false", apply: setting({ accountEnabled: false }) },
  {
    slots: [SOFT_DELETED],
    what: "soft-deleted: `IsSoftDeleted` is true, and the user name begins with the objectId, as Entra writes it",
    apply: setting((attributes, { seed, index }) =>
      softDeletion(personId(seed, index), text(attributes, "userPrincipalName")),
    ),
  },
  {
    slots: [17, 18],
    what: "a guest, with `#EXT#` in the user name",
    apply: setting((attributes, { domain }) => ({
      userType: "Guest",
      userPrincipalName: `${text(attributes, "mailNickname")}_fabrikam.example#EXT#@${domain}`,
      mail: `${text(attributes, "mailNickname")}@fabrikam.example`,
      employeeId: null,
    })),
  },
  { slots: [20], what: "the name of another person, in another case", apply: likeTheOneBefore(otherCase) },
  {
    slots: [22],
    what: "the name of another person, without diacritics",
    apply: likeTheOneBefore(withoutAccents),
  },
  {
    slots: [24],
    what: "the `employeeId` of another person",
    apply: setting((_, standing) => ({ employeeId: String(before(standing) + 1).padStart(6, "0") })),
  },
  {
    slots: UNASSIGNED,
    what: "not assigned to the application",
    apply: ({ attributes }) => ({ attributes: { ...attributes, appRoleAssignments: [] }, assigned: false }),
  },
  {
    slots: [42, 43],
    what: 'punctuation in `displayName`: `"`, `,`, `+`, `\\`, `(*)`, `<b>`, `;`, `%25`',
    apply: setting((attributes, { index }) => ({
      displayName: PUNCTUATED[hashOf(index) % PUNCTUATED.length]!(text(attributes, "displayName")),
    })),
  },
  {
    slots: [44],
    what: "blanks before and behind names",
    apply: setting((attributes) => ({
      displayName: ` ${text(attributes, "displayName")}  `,
      surname: `${text(attributes, "surname")} `,
    })),
  },
  {
    slots: [46],
    what: "an emoji in `displayName`",
    apply: setting((attributes, { index }) => ({
      displayName: `${text(attributes, "displayName")} ${EMOJI[hashOf(index) % EMOJI.length]}`,
    })),
  },
  { slots: [48], what: "very long names: 64 and 256 characters", apply: setting(longNames) },
  {
    slots: [50],
    what: "an apostrophe in the user name",
    apply: setting((attributes, { domain }) => {
      const local = text(attributes, "mailNickname").replace(".", ".o'");
      return { userPrincipalName: `${local}@${domain}`, mail: `${local}@${domain}` };
    }),
  },
  {
    slots: [52],
    what: "capitals in the user name",
    apply: setting((attributes, { domain }) => ({
      userPrincipalName: `${text(attributes, "mailNickname").replace(/(^|[.-])[a-z]/g, (letter) => letter.toUpperCase())}@${domain}`,
    })),
  },
  {
    slots: [54],
    what: "a plus sign in `mail`",
    apply: setting((attributes, { domain }) => ({ mail: `${text(attributes, "mailNickname")}+hr@${domain}` })),
  },
  {
    slots: [56],
    what: "names as decomposed Unicode: letters and marks apart (NFD)",
    apply: setting((attributes) => ({
      givenName: text(attributes, "givenName").normalize("NFD"),
      surname: text(attributes, "surname").normalize("NFD"),
      displayName: text(attributes, "displayName").normalize("NFD"),
    })),
  },
  {
    slots: [58],
    what: "a non-breaking space and a zero-width one in `displayName`",
    apply: setting((attributes) => ({
      displayName: `${text(attributes, "displayName").replace(" ", "\u00a0")}\u200b`,
    })),
  },
  {
    slots: [60],
    what: "a service account: no names, no mail, no department",
    apply: (draft, standing) => {
      const named = setting({ displayName: `svc-${text(draft.attributes, "mailNickname")}`, userType: "Member" });
      const less = ["givenName", "surname", "mail", "department", "jobTitle", "employeeId", "mobile", "manager"];
      return leavingOut(...less)(named(draft, standing), standing);
    },
  },
  { slots: [62], what: "the same names as another person", apply: likeTheOneBefore((name) => name) },
  {
    slots: [64],
    what: "two roles",
    apply: setting({ appRoleAssignments: rolesOf("User", "Administrator") }),
  },
  {
    slots: [66],
    what: "no `usageLocation`, no `preferredLanguage`",
    apply: leavingOut("usageLocation", "preferredLanguage"),
  },
  { slots: [68], what: "no manager", apply: leavingOut("manager") },
  {
    slots: [70],
    what: "names from right to left, in a display name that mixes both directions",
    apply: setting((attributes, { seed, index }) => {
      const culture = CULTURES.find(({ language }) => language === "ar-AE")!;
      const given = culture.given[hashOf(seed, index) % culture.given.length]!;
      return { givenName: given.text, displayName: `${given.text} (${text(attributes, "surname")})` };
    }),
  },
  {
    slots: [37, 38],
    what: "two people who are each other's manager",
    apply: setting((_, { seed, index, people }) =>
      managedBy(seed, people, slotOf(seed, index) === 37 ? index + 1 : index - 1),
    ),
  },
  {
    slots: [32],
    what: "a manager who is not assigned",
    apply: setting((_, { seed, index, people }) => managedBy(seed, people, index - 1)),
  },
];

const managedBy = (seed: number, people: number, index: number): Attributes =>
  index >= 0 && index < people ? { manager: personId(seed, index) } : {};

function longNames(attributes: Attributes, { seed, index }: Standing): Attributes {
  const more = Array.from({ length: 40 }, (_, n) => identityOf(seed, index + n + 1).family.text).join("-");
  const cut = (name: string, length: number) =>
    [...`${name}-${more}`]
      .slice(0, length / 2)
      .join("")
      .padEnd(length, "x");
  return {
    givenName: cut(text(attributes, "givenName"), 64),
    surname: cut(text(attributes, "surname"), 64),
    displayName: cut(text(attributes, "displayName"), 256),
  };
}

/** Which of a hundred somebody is. */
const slotOf = (seed: number, index: number): number => (index + hashOf(seed, "slots")) % SLOTS;

const bySlot = new Map(QUIRKS.flatMap((quirk) => quirk.slots.map((slot) => [slot, quirk] as const)));

/** What is odd about somebody, if anything is. */
export const quirkOf = (seed: number, index: number): Quirk | undefined => bySlot.get(slotOf(seed, index));

/** Whether somebody is soft-deleted from the beginning: nobody's manager, and no member. */
export const isSoftDeleted = (seed: number, index: number): boolean => slotOf(seed, index) === SOFT_DELETED;

/** Whether somebody is not assigned from the beginning. */
export const isUnassigned = (seed: number, index: number): boolean =>
  (UNASSIGNED as readonly number[]).includes(slotOf(seed, index));
