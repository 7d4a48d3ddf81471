import { playedBackends } from "./servers/playing.ts";
import { playLaw } from "./suites/play.ts";

for (const [backend, start] of Object.entries(playedBackends)) playLaw(backend, start);
