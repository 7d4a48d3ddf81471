import { must } from "../expect.ts";
import { randomId, randomLetters } from "../random.ts";
import type { Session } from "../session.ts";
import { threeOf } from "./entra-users.ts";
import { checkValues } from "./values.ts";

/** Sends 25 requests at once: none may be refused for now. Several profiles ask for it. */
export async function servesBurst(session: Session): Promise<void> {
  const filter = `${session.users.endpoint}?filter=userName+eq+%22${randomId()}%22`;
  const asked = Array.from({ length: 25 }, () => session.ask("GET", filter, undefined, { isImpatient: true }));
  const refused = (await Promise.all(asked)).filter(({ status }) => status === 429 || status >= 500);
  must(refused.length === 0, `${refused.length} of 25 requests at once were answered with ${refused[0]?.status}.`);
}

/** Changes three attributes of a user in one PATCH, an operation for each. */
export async function changesSeveral(session: Session): Promise<void> {
  const [a, b, c] = threeOf(session);
  const { id } = await session.user();
  const values = { [a]: randomLetters(), [b]: randomLetters(), [c]: randomLetters() };
  const operations = Object.entries(values).map(([path, value]) => ({ op: "replace", path, value }));
  checkValues(await session.patch("User", id, ...operations), values);
}
