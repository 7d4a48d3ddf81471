import type { Client } from "ldapts";
import { expect, onTestFinished, test } from "vitest";
import { startSlapd } from "../../test/servers/slapd.ts";
import { connect } from "./connect.ts";
import { createPool } from "./pool.ts";

test("a connection that is being opened when the pool is closed is closed, too", async () => {
  const slapd = await startSlapd();
  onTestFinished(slapd.stop);
  let client: Client | undefined;
  let open = () => {};
  const asked = new Promise<void>((done) => {
    open = done;
  });
  const pool = createPool(
    {
      inUse: () => slapd.url,
      connect: async () => {
        await asked;
        client = await connect(slapd.url, { bind: slapd.bind, tls: { startTls: false } }, 1000);
        return { client, url: slapd.url };
      },
      suspect: () => {},
      onChange: () => {},
      close: () => {},
    },
    1,
  );
  const work = pool.run(AbortSignal.timeout(5000), async () => "done");
  await pool.close();
  open();
  await expect(work).rejects.toThrow("the gateway is stopping");
  await expect.poll(() => client?.isConnected).toBe(false);
});
