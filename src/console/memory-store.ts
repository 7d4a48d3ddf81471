import type { ConsoleStore, StoredSession, Ticket } from "./store.ts";

/** Sessions and tickets of one process, for a console on a laptop. A link stays good while the process runs: nobody else can reach it, and its page may be opened again. */
export function memoryConsoleStore(): ConsoleStore {
  const sessions = new Map<string, StoredSession>();
  const tickets = new Map<string, Ticket>();
  const ticket: ConsoleStore["ticket"] = async (kind, id) => {
    const found = tickets.get(id);
    return found?.kind === kind ? found.data : undefined;
  };
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
    sessions: async (limit) => [...sessions.values()].toSorted((one, other) => other.seen - one.seen).slice(0, limit),
    endSession: async (id) => sessions.delete(id),
    endSessionsOf: async ({ name, issuer, sub }) => {
      const of = [...sessions.values()].filter(
        (each) => each.name === name && each.issuer === issuer && each.sub === sub,
      );
      for (const { id } of of) sessions.delete(id);
      return of.length;
    },
    addTicket: async (ticket) => void tickets.set(ticket.id, ticket),
    ticket,
    takeTicket: ticket,
  };
}
