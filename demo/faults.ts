import { connect, createServer, type Socket } from "node:net";
import { pause } from "./process.ts";

/** Stands between the gateway and its directory, which can be made to answer that it is busy. */
export interface Relay {
  readonly setBusy: (isBusy: boolean) => void;
  readonly stop: () => Promise<void>;
}

/** A server's address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Starts a relay from one address to a directory at another. */
export async function startRelay(from: Address, to: Address): Promise<Relay> {
  let isBusy = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const directory = connect(to.port, to.host);
    let rest: Buffer = Buffer.alloc(0);
    client.on("data", (data) => {
      rest = Buffer.concat([rest, data]);
      for (let size = sizeOf(rest); size !== undefined && size <= rest.length; size = sizeOf(rest)) {
        const message = rest.subarray(0, size);
        rest = rest.subarray(size);
        const refusal = isBusy ? busyAnswer(message) : undefined;
        if (refusal) client.write(refusal);
        else directory.write(message);
      }
    });
    directory.on("data", (data) => client.write(data));
    for (const [socket, other] of [
      [client, directory],
      [directory, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((done, reject) => {
    server.once("error", reject);
    server.listen(from.port, from.host, done);
  });
  return {
    setBusy: (value) => {
      isBusy = value;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The tags of LDAP's requests, and those of their answers (RFC 4511 §4.2 to §4.12). Unbind and abandon have none. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [0x60, 0x61],
  [0x63, 0x65],
  [0x66, 0x67],
  [0x68, 0x69],
  [0x4a, 0x6b],
  [0x6c, 0x6d],
  [0x6e, 0x6f],
  [0x77, 0x78],
]);

const BUSY = 51;

/** The size of the LDAP message that begins a buffer; undefined as long as its length has not arrived. */
function sizeOf(buffer: Buffer): number | undefined {
  const first = buffer[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return 2 + first;
  const octets = first & 0x7f;
  return buffer.length < 2 + octets ? undefined : 2 + octets + buffer.readUIntBE(2, octets);
}

/** The answer "busy" to a request; undefined for a message that has no answer. */
function busyAnswer(message: Buffer): Buffer | undefined {
  const header = message[1]! < 0x80 ? 2 : 2 + (message[1]! & 0x7f);
  const id = message.subarray(header, header + 2 + message[header + 1]!);
  const tag = ANSWERS.get(message[header + id.length] ?? 0);
  if (tag === undefined) return undefined;
  const words = Buffer.from("too many operations");
  const result = Buffer.concat([Buffer.from([0x0a, 1, BUSY, 0x04, 0, 0x04, words.length]), words]);
  const answer = Buffer.concat([id, Buffer.from([tag, result.length]), result]);
  return Buffer.concat([Buffer.from([0x30, answer.length]), answer]);
}

/** Something that happens at times, in seconds. Reports whether it is time again; what was missed meanwhile happens once. */
export function occasion({ first, every }: Pick<Fault, "first" | "every">): (seconds: number) => boolean {
  let next = first;
  return (seconds) => {
    if (seconds < next) return false;
    next += every * (1 + Math.floor((seconds - next) / every));
    return true;
  };
}

/** Something that goes wrong now and then, with its times in seconds. */
export interface Fault {
  readonly says: string;
  readonly first: number;
  readonly every: number;
  readonly lasts: number;
  readonly set: (isOn: boolean) => void;
}

/** Lets a fault come and go until the demo ends. */
export async function repeat(
  { says, first, every, lasts, set }: Fault,
  { pace, say, signal }: { pace: number; say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  for (let wait = first; !signal.aborted; wait = every - lasts) {
    await pause((wait * 1000) / pace, signal);
    if (signal.aborted) return;
    say(says);
    set(true);
    await pause((lasts * 1000) / pace, signal);
    set(false);
  }
}
