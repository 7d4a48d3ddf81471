import type { ConnectorDefinition } from "../connector/connector.ts";
import type { SinkDefinition } from "../sink/sink.ts";

/** The connector and sink types that a configuration may use. */
export interface Registry {
  readonly connectors: readonly ConnectorDefinition[];
  readonly sinks: readonly SinkDefinition[];
}
