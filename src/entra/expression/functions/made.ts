import type { Call, FunctionDefinition } from "../definition.ts";
import type { Value } from "../value.ts";

/** Functions that generate values, and SelectUniqueValue, which is refused. */
export const madeFunctions: readonly FunctionDefinition[] = [
  {
    name: "DefaultDomain",
    parameters: [],
    summary: "The tenant's default domain.",
    evaluate: ({ surroundings }) => surroundings.defaultDomain,
  },
  {
    name: "Guid",
    parameters: [],
    summary: "A random GUID.",
    evaluate: guid,
  },
  {
    name: "RandomString",
    parameters: [
      "Length",
      "MinimumNumbers",
      "MinimumSpecialCharacters",
      "MinimumCapital",
      "MinimumLowerCase",
      "CharactersToAvoid?",
    ],
    summary:
      "A random text with at least the given numbers of digits, special characters, capitals and lower-case letters.",
    evaluate: randomString,
  },
  {
    name: "SelectUniqueValue",
    parameters: ["uniqueValueRule...", "uniqueValueRule..."],
    summary: "Refused: only for Active Directory as the target.",
    refusal:
      "SelectUniqueValue only works for provisioning from HR to Active Directory, not to SCIM applications: answer a duplicate with 409 instead",
    evaluate: () => undefined,
  },
];

/** A random integer from 0 to below the bound. */
const below = (call: Call, bound: number): number =>
  Math.min(Math.floor(call.surroundings.random() * bound), bound - 1);

/** A GUID of version 4. */
function guid(call: Call): Value {
  const digits = Array.from({ length: 32 }, () => below(call, 16));
  digits[12] = 4;
  digits[16] = 8 + (digits[16]! % 4);
  const hex = digits.map((digit) => digit.toString(16)).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Character classes of Windows' password policy, in the order of the parameters. */
const CLASSES = [
  "0123456789",
  "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  "abcdefghijklmnopqrstuvwxyz",
] as const;
const MAX_LENGTH = 256;

function randomString(call: Call): Value {
  const [length = 0, ...least] = [0, 1, 2, 3, 4].map((index) => call.integer(index) ?? 0);
  const avoided = new Set(call.text(5));
  const sum = least.reduce((total, each) => total + each, 0);
  if (least.some((each) => each < 0)) throw call.error("the minimums can't be negative");
  if (length < Math.max(1, sum) || length > MAX_LENGTH)
    throw call.error(`the length must be between the sum of the minimums and ${MAX_LENGTH}`, 0);
  const classes = CLASSES.map((characters) => [...characters].filter((each) => !avoided.has(each)));
  const missing = classes.findIndex((characters, index) => characters.length === 0 && least[index]! > 0);
  const all = classes.flat();
  if (missing >= 0 || all.length === 0)
    throw call.error("CharactersToAvoid excludes all characters of a required kind", 5);
  const chosen = classes.flatMap((characters, index) =>
    Array.from({ length: least[index]! }, () => pick(call, characters)),
  );
  while (chosen.length < length) chosen.push(pick(call, all));
  return shuffled(call, chosen).join("");
}

const pick = (call: Call, characters: readonly string[]): string => characters[below(call, characters.length)]!;

function shuffled(call: Call, items: readonly string[]): readonly string[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = below(call, last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
