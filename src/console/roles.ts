import type { Identity, Role } from "./env.ts";
import { SignInProblem } from "./problem.ts";
import type { OidcSettings } from "./settings.ts";

/** What a provider says of somebody. */
export interface RoleClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** How many values of a claim a refusal shows, and how much of each. */
const MAX_VALUES = 20;
const MAX_VALUE = 100;

/** The role that somebody's claims give. Throws a `SignInProblem` that says which values were there, if they give none. */
export function roleIn(claims: RoleClaims, { claim, viewer, operator }: OidcSettings["roles"], person: Identity): Role {
  const values = [claims[claim]].flat().filter((each) => typeof each === "string");
  if (values.some((each) => operator.includes(each))) return "operator";
  if (values.some((each) => viewer.includes(each))) return "viewer";
  throw new SignInProblem(403, `${person.name} has no role in the console. ${found(claims, claim, values)}`, {
    person,
  });
}

function found(claims: RoleClaims, claim: string, values: readonly string[]): string {
  // Entra leaves groups out of the token if there are too many, and says where else they are.
  const elsewhere = claims._claim_names as Readonly<Record<string, unknown>> | undefined;
  if (values.length === 0 && elsewhere?.[claim] !== undefined)
    return `The claim "${claim}" has too many values to fit into the token: use app roles, or groups assigned to the application.`;
  if (claims[claim] === undefined) return `The claim "${claim}" was looked at, but the token does not have it.`;
  const listed = values.slice(0, MAX_VALUES).map((each) => JSON.stringify(each.slice(0, MAX_VALUE)));
  const more = values.length > MAX_VALUES ? ` and ${values.length - MAX_VALUES} more` : "";
  return `The claim "${claim}" was looked at, and has ${listed.length > 0 ? `the values ${listed.join(", ")}${more}` : "no values"}.`;
}
