import { connect, createServer, type Socket } from "node:net";

/** Passes on what comes to a port, until it is told to hang: connections are then taken, and nothing ever comes of them. */
export interface Relay {
  readonly hang: () => void;
  /** What is asked still arrives; from a request on that is meant, the answers do not. */
  readonly swallowAnswers: (from: (request: Buffer) => boolean) => void;
  readonly resume: () => void;
  readonly stop: () => Promise<void>;
}

export async function startRelay(
  from: { readonly host: string; readonly port: number },
  to: { readonly host: string; readonly port: number },
): Promise<Relay> {
  let hangs = false;
  let swallows = false;
  let isMeant: (request: Buffer) => boolean = () => false;
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(to.port, to.host);
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    const pass = (source: Socket, target: Socket) => {
      source.on("data", (data) => {
        if (source === client && isMeant(data)) swallows = true;
        if (!hangs && !(swallows && source === upstream)) target.write(data);
      });
      source.on("error", () => {});
      source.on("close", () => {
        pairs.delete(pair);
        target.destroy();
      });
    };
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(from.port, from.host, resolve));
  const end = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.destroy();
  };
  return {
    hang: () => {
      hangs = true;
    },
    swallowAnswers: (from) => {
      isMeant = from;
    },
    // What was swallowed is lost: whoever still waits for it begins anew.
    resume: () => {
      hangs = false;
      swallows = false;
      isMeant = () => false;
      end();
    },
    stop: async () => {
      end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
