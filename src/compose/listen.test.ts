import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { expect, test } from "vitest";
import { listen } from "./listen.ts";
import { StartError } from "./routes.ts";

test("a host that is not known is a mistake of the configuration", async () => {
  const asked = listen(() => new Response(), { host: "none.invalid", port: 0 }, undefined);
  await expect(asked).rejects.toThrow(StartError);
  await expect(asked).rejects.toThrow("cannot listen on none.invalid:0: no such host is known. Change server.host");
});

test("a connection that has sent nothing, as browsers keep them, is closed at once when the server stops", async () => {
  const { server, stop } = await listen(() => new Response(), { host: "127.0.0.1", port: 0 }, undefined);
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await Promise.all([once(socket, "connect"), once(server, "connection")]);
  const ended = once(socket.resume(), "close");
  const stopped = stop().then(() => "stopped");
  await ended;
  const late = new Promise((done) => setTimeout(done, 5000, "still waiting").unref());
  expect(await Promise.race([stopped, late])).toBe("stopped");
});
