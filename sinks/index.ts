import type { SinkDefinition } from "../src/sink/sink.ts";
import file from "./file/index.ts";

/** All types of sinks. */
export const sinks: readonly SinkDefinition[] = [file as SinkDefinition];
