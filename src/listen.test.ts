import { expect, test } from "vitest";
import { listen } from "./listen.ts";
import { StartError } from "./routes.ts";

test("a host that is not known is a mistake of the configuration", async () => {
  const asked = listen(() => new Response(), { host: "none.invalid", port: 0 }, undefined);
  await expect(asked).rejects.toThrow(StartError);
  await expect(asked).rejects.toThrow("cannot listen on none.invalid:0: no such host is known. Change server.host");
});
