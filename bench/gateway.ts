// The gateway in a process of its own, for a measurement: tells its port, and its memory when asked.
import { start } from "../src/compose.ts";

const running = await start(process.argv[2]!, process.env);
process.send?.({ port: Number(new URL(running.url).port) });
process.on("message", () => process.send?.({ rss: process.memoryUsage().rss }));
process.on("disconnect", () => process.exit());
