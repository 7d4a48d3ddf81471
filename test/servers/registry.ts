import { connectors } from "../../connectors/index.ts";
import { sinks } from "../../sinks/index.ts";
import type { Registry } from "../../src/config/registry.ts";

/** The program's own connectors and sinks. */
export const registry: Registry = { connectors, sinks };
