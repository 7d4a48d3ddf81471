import type { SinkDefinition } from "../src/sink/sink.ts";
import file from "./file/index.ts";

/** The sinks that come with Postern: one line each. */
export const sinks: readonly SinkDefinition[] = [
  // The default sink.
  file,
] as readonly SinkDefinition[];
