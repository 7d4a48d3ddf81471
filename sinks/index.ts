import type { SinkDefinition } from "../src/sink/sink.ts";
import file from "./file/index.ts";

/** The sinks that come with Postern: one line each. */
export const sinks: readonly SinkDefinition[] = [
  // The one that needs no name.
  file,
] as readonly SinkDefinition[];
