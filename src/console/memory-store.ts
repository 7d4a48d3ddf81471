import type { ConsoleStore, StoredSession, Ticket } from "./store.ts";

/** Sessions and tickets of one process, for a console on a laptop. A link stays good while the process runs: nobody else can reach it, and its page may be opened again. */
export function memoryConsoleStore(): ConsoleStore {
  const sessions = new Map<string, StoredSession>();
  const tickets = new Map<string, Ticket>();
  return {
    addSession: async (session, limit) => {
      sessions.set(session.id, session);
      while (sessions.size > limit) sessions.delete(sessions.keys().next().value!);
    },
    session: async (id) => sessions.get(id),
    touch: async (id, seen) => {
      const session = sessions.get(id);
      if (session) sessions.set(id, { ...session, seen });
    },
    endSession: async (id) => sessions.delete(id),
    addTicket: async (ticket) => void tickets.set(ticket.id, ticket),
    takeTicket: async (kind, id) => {
      const ticket = tickets.get(id);
      return ticket?.kind === kind ? ticket.data : undefined;
    },
  };
}
