import type { checksOf } from "../check.ts";
import { mustAnswer } from "../expect.ts";
import { valueAt } from "../paths.ts";
import type { Target, TypeName } from "../plan.ts";
import { patchBody, type Session } from "../session.ts";
import { mustHold, operationsOf, valuesOf } from "./values.ts";

/** The document that the gallery's checks follow. */
export const SUITE = "Microsoft: Validate user provisioning for the app gallery";

/** The plan of a type. Throws a `Skip` if the endpoint has no groups. */
export const planOf = (session: Session, type: TypeName) => (type === "User" ? session.users : session.groups());

/** The test of the gallery that creates a resource with everything that is mapped. */
export function written(number: number, type: TypeName): Parameters<typeof checksOf>[1][number] {
  return {
    id: `gallery-${number}`,
    area: `POST /${type}s`,
    title: `A ${type.toLowerCase()} is created with everything that is mapped`,
    rule: { says: "POST is answered with 200 or 201 and an id, and the values are read back.", source: SUITE },
    fix: "Store and return every attribute that /Schemas publishes.",
    run: async (session) => {
      const values = valuesOf(planOf(session, type));
      const answer = mustAnswer(await session.post(type, session.body(type, values)), 200, 201);
      mustHold(await session.read(type, String(answer.json?.id)), values);
    },
  };
}

/** The test of the gallery that changes everything that is mapped. */
export function changed(number: number, type: TypeName): Parameters<typeof checksOf>[1][number] {
  return {
    id: `gallery-${number}`,
    area: `PATCH /${type}s`,
    title: `All single-valued attributes of a ${type.toLowerCase()} are changed`,
    rule: { says: "PATCH with an operation for each attribute is read back.", source: SUITE },
    fix: "Support Replace of every attribute that /Schemas publishes as readWrite.",
    run: async (session) => {
      const plan = planOf(session, type);
      const made = type === "User" ? await session.user() : await session.group();
      const targets = plan.targets.filter(
        ({ path, isChangeable }) => isChangeable && path !== "active" && !path.includes("["),
      );
      const values = valuesOf(plan, (target) => targets.includes(target) && !target.choices);
      mustHold(await session.patch(type, made.id, ...operationsOf("Replace", values)), values);
      for (const target of targets) await changeChoice(session, type, made.id, target);
    },
  };
}

/**
 * Changes an attribute that takes published values only to one of them. A server may refuse some steps between them, as Active Directory
 * does from a global group to a domain local one, but not all: then the last refusal is a `Finding`.
 */
async function changeChoice(session: Session, type: TypeName, id: string, { path, choices = [] }: Target) {
  const before = choices.length === 0 ? undefined : valueAt(await session.read(type, id), path);
  const others = choices.filter((choice) => choice !== before);
  for (const [at, value] of others.entries()) {
    const answer = await session.tryPatch(type, id, patchBody({ op: "Replace", path, value }));
    if (answer.status === 400 && at < others.length - 1) continue;
    mustAnswer(answer, 200, 204);
    return mustHold(await session.read(type, id), { [path]: value });
  }
}
