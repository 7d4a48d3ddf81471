// The gateway in a process of its own, for measurements and for what must not share memory with a test: tells its port, and its memory in bytes when asked.
import { start } from "../../src/compose/compose.ts";
import { registry } from "./registry.ts";

const running = await start(registry, process.argv[2]!, process.env);
process.on("message", () => {
  const { rss } = process.memoryUsage();
  globalThis.gc?.();
  process.send?.({ rss, live: process.memoryUsage().heapUsed });
});
process.on("disconnect", () => process.exit());
process.on("SIGHUP", () => running.reload());
process.on("SIGTERM", () => void running.stop().then(() => process.exit()));
// Who knows the port may send a signal at once: by then there is somebody to take it.
process.send?.({ port: Number(new URL(running.url).port) });
