import { cutOf } from "../../console/cut.ts";
import type { SessionsDeps } from "../../console/pages/sessions.ts";
import { Refusal } from "../../console/refusal.ts";
import type { OtherSessions } from "../../console/sessions.ts";
import type { StoredSession } from "../../console/store.ts";
import type { Shared } from "../generation.ts";
import { recordBefore } from "../recorded-acts.ts";

/** How many sessions the page lists. */
const LISTED = 500;

/** What the page on sessions is handed. */
export function sessionsDeps(
  sessions: OtherSessions,
  { services, log }: Pick<Shared, "services" | "log">,
): SessionsDeps {
  return {
    list: async () => {
      const { rows, last } = await cutOf(LISTED, sessions.all);
      return { sessions: rows.map(rowOf), hasMore: last !== undefined };
    },
    end: async ({ id, isAll }, by) => {
      const { audit } = services;
      const session = await sessions.one(id);
      if (!session) return undefined;
      const { name, issuer, sub } = session;
      const about = { by, person: { name, ...providerOf(session) }, which: isAll ? "all" : "one" };
      const intent = await recordBefore(audit, { event: "end-sessions", ...about }).catch((error: Error) => {
        throw new Refusal("unavailable", error.message, { cause: error });
      });
      const count = isAll ? await sessions.endOf({ name, issuer, sub }) : Number(await sessions.end(id));
      await audit?.outcome({ event: "ended-sessions", intent, ...about, count });
      log.warn({ ...about, count }, "sessions of the console ended by an operator");
      return count;
    },
  };
}

const providerOf = ({ issuer, sub }: StoredSession) => (sub === "" ? undefined : { issuer, sub });

function rowOf(session: StoredSession) {
  const { id, name, role, created, seen, expires } = session;
  const provider = providerOf(session);
  return { id, name, role, ...(provider && { provider }), created, seen, expires };
}
