// Lists all users by cursor again and again, in a process of its own: node bench/crawler.ts BASE TOKEN COUNT CRAWLS.
import { send } from "../test/clients/replay.ts";

const [base, token, count, crawls] = process.argv.slice(2) as [string, string, string, string];

async function crawl(): Promise<void> {
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const path = `/Users?attributes=userName&count=${count}&cursor=${cursor}`;
    const { status, json } = await send({ base, token }, "GET", path);
    if (status !== 200) return;
    cursor = json.nextCursor;
  }
}

for (let n = 0; n < Number(crawls); n++)
  void (async () => {
    for (;;) await crawl();
  })();
process.on("disconnect", () => process.exit());
