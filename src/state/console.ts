import type { ExpressionBuilder, Transaction } from "kysely";
import type { ConsoleStore, SessionPerson, StoredSession, Ticket } from "../console/store.ts";
import type { Database } from "./database.ts";

/** The console's tables, for kysely. */
export interface ConsoleTables {
  console_sessions: StoredSession;
  console_tickets: Ticket & { readonly created: number };
}

/** Stores the console's sessions and tickets in tables. Every call waits for `ready`. */
export function createConsoleStore(
  { db, exclusively }: Database<ConsoleTables>,
  ready: () => Promise<void>,
): ConsoleStore {
  const inTransaction = async (work: (transaction: Transaction<ConsoleTables>) => Promise<unknown>): Promise<void> => {
    await ready();
    await exclusively("console", work);
  };
  return {
    addSession: (session, limit) =>
      inTransaction(async (transaction) => {
        await transaction.deleteFrom("console_sessions").where("expires", "<=", Date.now()).execute();
        const older = await transaction
          .selectFrom("console_sessions")
          .select("id")
          .where(ofPerson(session))
          .orderBy("seen", "desc")
          .offset(limit - 1)
          .limit(limit)
          .execute();
        if (older.length > 0)
          await transaction
            .deleteFrom("console_sessions")
            .where(
              "id",
              "in",
              older.map(({ id }) => id),
            )
            .execute();
        await transaction.insertInto("console_sessions").values(session).execute();
      }),
    session: async (id) => {
      await ready();
      return db.selectFrom("console_sessions").selectAll().where("id", "=", id).executeTakeFirst();
    },
    touch: async (id, seen) => {
      await ready();
      await db.updateTable("console_sessions").set({ seen }).where("id", "=", id).execute();
    },
    sessions: async (limit) => {
      await ready();
      return db
        .selectFrom("console_sessions")
        .selectAll()
        .where("expires", ">", Date.now())
        .orderBy("seen", "desc")
        .orderBy("id")
        .limit(limit)
        .execute();
    },
    endSessionsOf: async (person) => {
      await ready();
      const { numDeletedRows } = await db
        .deleteFrom("console_sessions")
        .where(ofPerson(person))
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
    endSession: async (id) => {
      await ready();
      const { numDeletedRows } = await db.deleteFrom("console_sessions").where("id", "=", id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    addTicket: (ticket, limit) =>
      inTransaction(async (transaction) => {
        const created = Date.now();
        await transaction.deleteFrom("console_tickets").where("expires", "<=", created).execute();
        const oldest = await transaction
          .selectFrom("console_tickets")
          .select("created")
          .where("kind", "=", ticket.kind)
          .orderBy("created", "desc")
          .offset(limit - 1)
          .limit(1)
          .executeTakeFirst();
        if (oldest)
          await transaction
            .deleteFrom("console_tickets")
            .where("kind", "=", ticket.kind)
            .where("created", "<=", oldest.created)
            .execute();
        await transaction
          .insertInto("console_tickets")
          .values({ ...ticket, created })
          .execute();
      }),
    ticket: async (kind, id) => {
      await ready();
      const found = await db
        .selectFrom("console_tickets")
        .select(["data", "expires"])
        .where("kind", "=", kind)
        .where("id", "=", id)
        .executeTakeFirst();
      return found && found.expires > Date.now() ? found.data : undefined;
    },
    takeTicket: async (kind, id) => {
      await ready();
      const taken = await db
        .deleteFrom("console_tickets")
        .where("kind", "=", kind)
        .where("id", "=", id)
        .returning(["data", "expires"])
        .executeTakeFirst();
      return taken && taken.expires > Date.now() ? taken.data : undefined;
    },
  };
}

/** Whose sessions are meant: a name alone may be that of several people. */
const ofPerson =
  ({ name, issuer, sub }: SessionPerson) =>
  (each: ExpressionBuilder<ConsoleTables, "console_sessions">) =>
    each.and({ name, issuer, sub });
