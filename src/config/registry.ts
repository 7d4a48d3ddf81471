import type { ConnectorDefinition } from "../connector/connector.ts";
import type { SinkDefinition } from "../sink/sink.ts";

/** What the program is made with: the types of connectors and of sinks that a configuration may name. */
export interface Registry {
  readonly connectors: readonly ConnectorDefinition[];
  readonly sinks: readonly SinkDefinition[];
}
