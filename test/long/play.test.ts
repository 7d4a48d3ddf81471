import { playedBackends } from "../servers/playing.ts";
import { seedOf } from "../suites/draws.ts";
import { playLaw } from "../suites/play.ts";

const seed = seedOf();
for (const [backend, start] of Object.entries(playedBackends))
  playLaw(`${backend}, seed ${seed}`, start, { users: 100, filters: 1000, patches: 1000, seed });
